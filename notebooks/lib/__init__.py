"""Figures, tables and words of the pages. Shows what tables say; computes no score."""

"""Formats of tables of vectors: delimited text, data frames, AnnData."""

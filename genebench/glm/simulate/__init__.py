"""Simulated genomes whose selection is known base by base."""

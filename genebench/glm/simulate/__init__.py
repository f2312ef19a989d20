"""Simulated genomes whose selection is known base by base, and how models are judged on them."""

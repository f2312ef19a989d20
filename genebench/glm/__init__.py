"""Genomic language models: simulate genomes, train small models, score variants. Bases are codes 0 to 4 everywhere."""

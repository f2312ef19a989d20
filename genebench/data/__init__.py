"""What is measured: upstream files, gene ids, families, genomes, and the tasks built from them."""

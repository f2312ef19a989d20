"""What is measured: upstream files, gene identifiers, families, genomes, and the tasks that are cut from them."""

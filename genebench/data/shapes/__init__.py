"""How tables become tasks: gene sets, expression, pairs of genes."""

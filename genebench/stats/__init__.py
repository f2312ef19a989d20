"""Metrics, the bootstrap over genes, tests of many pairs, and what a number of genes can show."""

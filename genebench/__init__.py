"""Benchmark what models know about genes, and whether the score means something.

``data/`` says what is measured, ``genebench/`` measures it, ``notebooks/`` show it, ``book/``
explains it.
"""

__version__ = "0.1.0"

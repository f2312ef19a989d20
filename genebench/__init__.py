"""genebench: does a model understand genes, and does the number mean something?

``data/`` says what is measured, ``genebench/`` measures it, ``notebooks/`` show it, ``book/`` explains it.
"""

__version__ = "0.1.0"

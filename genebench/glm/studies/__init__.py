"""What the notebooks of ``notebooks/studies`` call."""

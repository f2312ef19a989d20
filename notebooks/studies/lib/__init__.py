"""What the notebooks of ``notebooks/studies`` call, beyond the package."""

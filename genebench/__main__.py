"""``python -m genebench`` is the command ``genebench``."""

from .cli.main import app

if __name__ == "__main__":
    app()

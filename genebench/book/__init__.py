"""What the pages show: figures, tables, cards, and the book around the executed notebooks."""

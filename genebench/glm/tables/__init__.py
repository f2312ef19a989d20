"""A user's own tables: variants scored, windows embedded and probed."""

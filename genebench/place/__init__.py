"""A user's own vectors, placed among the models of a profile."""

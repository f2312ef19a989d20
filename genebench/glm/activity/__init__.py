"""Predictors of what a sequence does, and how much a variant changes it."""

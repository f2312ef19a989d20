"""Genomic language models: small ones trained here, others by name; scores, probes, design."""

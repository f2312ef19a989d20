"""Genomic language models: trained here or by name; scores, probes, design, interpretation."""

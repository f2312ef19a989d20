"""Names, files, declarations, work and its progress: no word of the domain."""

"""The command line, one file a part."""

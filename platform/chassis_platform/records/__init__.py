"""The verbs: read, write, search."""

"""Duplicates: the keys that records are matched by, what a save finds, the sets that are kept."""

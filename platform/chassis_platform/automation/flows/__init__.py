"""Flows: what happens to records by itself, step by step, for all records of a batch at once."""

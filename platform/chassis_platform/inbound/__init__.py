"""Foreign documents to records, by declared mappings."""

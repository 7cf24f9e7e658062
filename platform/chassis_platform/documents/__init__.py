"""Foreign documents: how they are read, what paths and expressions find in them, how they are written."""

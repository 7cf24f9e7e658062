"""What will be done, as data; no connection is taken yet."""

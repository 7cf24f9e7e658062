"""WHAT: definitions in, an immutable Snapshot out."""

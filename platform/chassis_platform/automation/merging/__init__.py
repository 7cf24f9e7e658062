"""Merging: of up to three records of one object one stays, with what belonged to all."""

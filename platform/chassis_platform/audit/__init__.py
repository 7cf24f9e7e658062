"""Sealing the journal, proofs of its entries, verification of all of it."""

"""Ledgers: append-only entries, balances by type, lots that expire."""

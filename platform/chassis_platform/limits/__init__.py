"""Limits for everybody's sake: how fast, how many at once, how much a day; of a tenant, its users and clients."""

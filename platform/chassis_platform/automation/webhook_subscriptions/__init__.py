"""Webhooks: changes of records, sent to another system as they come, as a user sees them."""

"""Assignment: who gets a record, by declared rules."""

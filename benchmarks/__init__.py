"""What is measured, beside its limit."""

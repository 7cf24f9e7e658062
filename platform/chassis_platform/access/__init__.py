"""What users may do, compiled."""

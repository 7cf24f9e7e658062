"""Approval processes at work: submit, decide, recall, reassign, remind, escalate; always in sets."""

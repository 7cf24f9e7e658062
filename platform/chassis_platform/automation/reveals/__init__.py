"""Masked values shown in clear: for a reason, to one user, of one record, for some minutes."""

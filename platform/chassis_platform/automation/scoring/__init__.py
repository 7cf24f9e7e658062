"""Scores: points by declared factors, bands, reasons kept with each."""

"""Merging companies: asking, reading the rehearsal, consenting. The merge itself is staff's or the
worker's to run (docs/merging.md)."""

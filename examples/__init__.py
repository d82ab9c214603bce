"""Example exports and their generator; see README.md."""

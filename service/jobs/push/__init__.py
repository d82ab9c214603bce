"""Pushes to browsers."""

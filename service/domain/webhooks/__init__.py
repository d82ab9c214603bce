"""Addresses of a company that are told of its events."""

"""Marketplaces and the companies that take part in them."""

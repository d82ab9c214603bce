"""Offers to the caller's company: list, pick, decline, re-open."""

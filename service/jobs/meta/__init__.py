"""Leads that Meta names and the worker fetches."""

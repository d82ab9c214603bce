"""Calls to the person of a lead: who is calling now, and what calls brought."""

"""Leads from the draft to the offer, and their one view for everybody who may see them."""

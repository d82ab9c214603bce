"""Delivery of events to the webhooks of companies."""

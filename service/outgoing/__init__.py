"""Requests that the service makes to addresses which companies name: checked, and never more."""

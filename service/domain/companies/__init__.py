"""The caller's company: its colleagues, invitations and API keys."""

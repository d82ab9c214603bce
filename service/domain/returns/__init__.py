"""Which returns a marketplace takes, and what a company releases."""

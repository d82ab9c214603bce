"""How a marketplace offers by itself: its waves, and when it works."""

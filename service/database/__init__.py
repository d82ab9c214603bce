"""One transaction under one token, and what it stands on; nothing else opens a connection."""

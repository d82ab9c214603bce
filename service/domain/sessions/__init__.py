"""Log-in, log-out, who am I."""

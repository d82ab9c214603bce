"""Lists taken out as files, of any length."""

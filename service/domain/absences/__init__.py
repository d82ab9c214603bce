"""Who is away, and who covers."""

"""What happened to the company's leads, as it happens."""

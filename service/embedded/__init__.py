"""A real PostgreSQL from a wheel, for the demo and the tests."""

"""Health and readiness, for whoever runs the service."""

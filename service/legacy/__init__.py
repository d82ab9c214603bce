"""From users to companies: jobs of staff. Never imported by code that answers requests."""

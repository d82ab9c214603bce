"""Follow-ups: a date for a lead, for one colleague."""

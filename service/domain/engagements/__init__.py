"""Working a picked lead: step, handler, won, lost."""

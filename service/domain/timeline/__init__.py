"""Notes of one company, messages of all parties, and the history of a lead."""

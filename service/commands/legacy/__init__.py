"""`kollegium legacy`: bringing data over from the former system."""

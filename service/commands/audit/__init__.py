"""`kollegium audit`: questions of a DBA."""

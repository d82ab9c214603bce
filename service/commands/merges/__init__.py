"""`kollegium merge`: two companies become one."""

"""`kollegium demo`, and its first words to whoever starts it."""

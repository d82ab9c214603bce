"""What a marketplace tells in numbers: monthly statements and reports."""

"""Which mails a colleague gets, and when."""

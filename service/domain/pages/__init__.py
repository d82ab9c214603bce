"""Pages that mails lead to: without script, for who has no workbench yet or no log-in."""

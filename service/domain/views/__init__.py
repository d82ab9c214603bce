"""What the workbench keeps for its readers: saved lists, and who looks at a lead now."""

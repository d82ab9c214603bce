"""Files of a lead: internal to a company like its notes, or shared like messages."""

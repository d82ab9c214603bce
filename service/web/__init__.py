"""From bytes to a handler and back, for every room: nothing here knows a lead."""

"""Files of leads that come in: the routes and the jobs; `files/` reads them."""

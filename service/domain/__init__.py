"""A room for each part of the domain: http -> operations (done) and queries (read) -> messages."""

"""What staff does (as kollegium_staff): companies and merges, over a connection that is given."""

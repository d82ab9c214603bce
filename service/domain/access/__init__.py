"""Who sees a lead, and why: for the operator of its marketplace."""

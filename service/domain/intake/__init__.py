"""Leads that come in without a log-in: forms of web sites, lead forms of ad platforms."""

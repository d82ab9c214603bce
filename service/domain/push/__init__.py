"""Browsers that are told of offers."""

"""Benchmarks of what no request waits for (`make bench-moving-in`, `make bench-merge`): figures in
docs/evidence/jobs.json."""

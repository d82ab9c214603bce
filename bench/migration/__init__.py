"""Benchmarks of the migration: `make bench-migration`, figures in docs/evidence/migration.json."""

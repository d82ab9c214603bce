"""Is the wall in the database the one that this release builds?

`lines` reads the catalogue (sql/audit/drift.sql); `functions` and `expected` know what sql/ says;
`comparing` finds where they differ and says so in words, `levels` how bad that is; `watching` keeps
the result in the database for /readyz.
"""

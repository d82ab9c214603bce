"""Where the files lie that are shipped beside the code: sql/, alembic/ and examples/.

In a checkout they are the rooms beside this package, so that a DBA finds `sql/` at the top. A wheel
carries them below it, as data: a top-level `alembic/` would shadow the library of that name.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_BELOW = _PACKAGE / "_shipped"  # named so in scripts/wheel.py, too

ROOT = _BELOW if _BELOW.is_dir() else _PACKAGE.parent
ALEMBIC_INI = ROOT / "alembic.ini"
EXAMPLES = ROOT / "examples"
SQL = ROOT / "sql"

"""Where the files lie that are shipped beside the code: sql/, alembic/ and examples/.

In a checkout they are the rooms beside this package, so that a DBA finds `sql/` at the top. A wheel
carries them below it, as data: a top-level `alembic/` would shadow the library of that name.
"""

import functools
import hashlib
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_BELOW = _PACKAGE / "_shipped"  # named so in scripts/wheel.py, too

ROOT = _BELOW if _BELOW.is_dir() else _PACKAGE.parent
ALEMBIC_INI = ROOT / "alembic.ini"
EXAMPLES = ROOT / "examples"
SQL = ROOT / "sql"
VERSIONS = ROOT / "alembic" / "versions"
RELEASED = ROOT / "alembic" / "released.toml"


def sql_files() -> list[Path]:
    """What of `sql/` is applied; the audit questions and the former system's contract are not."""
    apart = (SQL / "audit", SQL / "legacy")
    return sorted(file for file in SQL.rglob("*.sql") if file.parent not in apart)


@functools.cache
def sql_hash() -> str:
    """Of what `sql/` builds: its files' places and texts, whatever the ends of lines. Read once a
    process (some milliseconds)."""
    digest = hashlib.sha256()
    for file in sql_files():
        place = file.relative_to(SQL).as_posix()
        digest.update(f"{place}\0{file.read_text('utf-8')}\0".encode())
    return digest.hexdigest()

"""Frozen copies: how a revision applies SQL files, and how the copies are made.

`sql/` is the truth that people read; a revision carries a copy of what it introduces, so that an
old revision never changes. `python alembic/frozen.py NNNN_slug sql/…` writes such a copy.
"""

import sys
from pathlib import Path
from typing import Any

from sqlalchemy import text

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ROOT / "alembic" / "versions"


def apply(op: Any, name: str, *, role: str | None = "kollegium_owner") -> None:
    """Runs the statements of `versions/<name>` as `role` (None: as the connecting user).

    The file goes to the server as it is: `op.execute` would read `:name` as a bind parameter, and
    asyncpg prepares single statements only.
    """
    script = (VERSIONS / name).read_text(encoding="utf-8")
    if role is not None:
        script = f"set local role {role};\n{script}\nreset role;\n"
    context = op.get_context()
    if context.as_sql:
        context.impl.static_output(script)
        return
    connection = op.get_bind()
    # The driver's BEGIN is sent with the first statement; before it the script would commit alone.
    connection.execute(text("select 1"))
    connection.connection.dbapi_connection.run_async(lambda driver: driver.execute(script))


def wall() -> list[Path]:
    """The files of the wall in the order in which they are applied: functions, then policies."""
    return [
        *sorted((ROOT / "sql" / "functions").glob("*.sql")),
        *sorted((ROOT / "sql" / "policies").glob("*.sql")),
    ]


def joined(files: list[Path]) -> str:
    """One script out of several files, each beginning as kollegium_owner."""
    parts = [
        f"-- {file.relative_to(ROOT)}\nset local role kollegium_owner;\n{file.read_text('utf-8')}"
        for file in files
    ]
    return "\n".join(parts)


def main() -> None:
    """Writes `versions/<argv[1]>.sql` from the files named after it (`wall`: all of the wall)."""
    if len(sys.argv) < 3:
        raise SystemExit("usage: python alembic/frozen.py NNNN_slug {wall | FILE...}")
    target = VERSIONS / f"{sys.argv[1]}.sql"
    files = wall() if sys.argv[2:] == ["wall"] else [Path(name).resolve() for name in sys.argv[2:]]
    text_ = files[0].read_text("utf-8") if len(files) == 1 else joined(files)
    target.write_text(text_, encoding="utf-8")
    print(f"{target.relative_to(ROOT)}: {len(files)} files frozen")


if __name__ == "__main__":
    main()

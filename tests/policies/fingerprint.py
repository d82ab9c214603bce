"""Everything that decides over access, as lines of text: two databases with equal lines are guarded
alike. Object ids, the order of grants and the order of creation do not matter."""

from typing import Any

from service.database.drift.lines import rows

# A clone is another database than its template: what hangs on a database by its name stays behind.
_OF_THE_DATABASE = ("database setting", "database grant")


async def fingerprint(db: Any) -> list[str]:
    """The sorted lines of sql/audit/drift.sql, and the revision."""
    lines = [
        f"{kind}: {' | '.join(rest)}"
        for kind, *rest in await rows(db)
        if kind not in _OF_THE_DATABASE
    ]
    version = await db.fetchval("select version_num from public.alembic_version")
    return sorted([*lines, f"version: {version}"])

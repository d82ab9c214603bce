"""Foreign keys are not validated blindly.

A foreign key is validated with the eyes of the table's owner, and under FORCE row security the
owner sees no row: PostgreSQL finds nothing wrong, whatever stands there; and where the referring
rows are seen and those referred to are not, a right key is refused. So a revision lifts FORCE on
both tables around the statement, within its transaction; in its SQL file it says

    -- sees every row of: app.lead, app.offer
    alter table app.offer add constraint …;
    -- sees no more

and `lifted` writes the statements. It refuses a foreign key outside of such lines.
"""

import re

_SEES = re.compile(
    r"^-- sees every row of: ([^\n]+)\n(.*?)^-- sees no more$", re.MULTILINE | re.DOTALL
)
_ALTERED = re.compile(
    r"^alter table (?:if exists )?(?:only )?([\w.]+)(.*?);", re.MULTILINE | re.DOTALL
)
_REFERS = re.compile(r"\breferences\s+([\w.]+)")
_VALIDATES = re.compile(r"\bvalidate constraint\b")


class BlindForeignKey(Exception):
    """A revision adds or validates a foreign key whose rows its role does not see."""


def lifted(own: str) -> str:
    """The statements of a revision with FORCE lifted where they say so. Raises BlindForeignKey."""
    code = re.sub(r"--(?! sees ).*", "", own.lower())
    outside = _SEES.sub("", code)
    for table, what in _ALTERED.findall(outside):
        if _REFERS.search(what) or _VALIDATES.search(what):
            raise BlindForeignKey(_sentence(table, what))
    for seen, block in _SEES.findall(code):
        names = set(re.split(r",\s*", seen.strip()))
        for table, what in _ALTERED.findall(block):
            if not {table, *_REFERS.findall(what)} <= names or (
                _VALIDATES.search(what) and len(names) < 2
            ):
                raise BlindForeignKey(_sentence(table, what))
    return _SEES.sub(_written, own)


def _sentence(table: str, what: str) -> str:
    return (
        f"`alter table {table}{what[:60]}…`: put `-- sees every row of: …` with this table and "
        "the one it refers to before it, and `-- sees no more` behind: under FORCE row security "
        "the key is validated over no row."
    )


def _written(found: re.Match[str]) -> str:
    names = re.split(r",\s*", found[1].strip())
    lift = [f"alter table {name} no force row level security;" for name in names]
    force = [f"alter table {name} force row level security;" for name in names]
    return "\n".join(
        [found[0].splitlines()[0], *lift, found[2].rstrip("\n"), *force, "-- sees no more"]
    )

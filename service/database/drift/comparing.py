"""Where a database is not what this release builds, line by line, in words."""

import re
from typing import Any, Literal

import msgspec

from service.database.drift import expected, functions, lines
from service.database.drift.lines import Key, Lines
from service.database.shipped import SQL

Level = Literal["open", "differs"]


class Drift(msgspec.Struct, frozen=True):
    """One difference. `open`: somebody may see or change more than the files say. `file` says
    otherwise, or would declare it."""

    level: Level
    kind: str
    object: str
    part: str
    detail: str
    file: str


# What is there and should not be: open, but for these.
_HARMLESS_WHEN_ADDED = {
    "table", "column", "default", "column comment", "constraint", "index", "role", "bound body",
}  # fmt: skip
# What is not there and should be: differs, but for these.
_OPEN_WHEN_GONE = {"default privilege", "generated column"}
# What is there and says something else: differs, but for these.
_OPEN_WHEN_CHANGED = {
    "policy", "function", "generated column", "schema", "bound body", "server setting", "membership",
    "table grant", "column grant", "function grant", "default privilege",
}  # fmt: skip
# Settings by which rows are seen or written past a guard; any other only differs.
_GUARDS = {
    "row_security", "session_replication_role", "search_path", "role", "session_authorization",
    "session_preload_libraries", "local_preload_libraries", "check_function_bodies",
    "default_transaction_read_only", "backslash_quote",
}  # fmt: skip
_DECLARES = "sql/house.toml"


async def compare(connection: Any) -> list[Drift]:
    """All differences, the open ones first. Raises HouseUnreadable."""
    return differences(await lines.live(connection))


def differences(found: Lines) -> list[Drift]:
    """Of a catalogue that was read."""
    wanted, stale = expected.expected()
    declared, _ = expected.known(found)
    drifts = [
        Drift(
            "differs", "file", f"sql/expected/{stem}.txt", "",
            f"it was made of another state of sql/tables/{stem}.sql or its policies, so that table is not compared; "
            "write it anew (CONTRIBUTING.md, A migration)",
            f"sql/expected/{stem}.txt",
        )
        for stem in sorted(stale)
    ]  # fmt: skip
    for key in sorted(found.keys() | wanted.keys()):
        if key in declared or expected.group(key) in stale:
            continue
        live, says = found.get(key), wanted.get(key)
        if live is None or says is None or _same(key, live, says):
            if live is not None and says is not None:
                continue
        drifts.append(_drift(key, live, says))
    return sorted(drifts, key=lambda drift: (drift.level != "open", drift.kind, drift.object))


def _same(key: Key, live: str, says: frozenset[str]) -> bool:
    return (_function(live) if key.kind == "function" else live) in says


def _function(live: str) -> str:
    head, rest = live.split("\n", 1)
    return f"arguments: {functions.canonical(head.removeprefix('arguments: '))}\n{rest}"


def _drift(key: Key, live: str | None, says: frozenset[str] | None) -> Drift:
    want = None if says is None else min(says)
    return Drift(
        _level(key, live, want),
        key.kind,
        key.object,
        key.part,
        _words(key, live, want),
        file_of(key),
    )


def _level(key: Key, live: str | None, want: str | None) -> Level:
    kind, thing, part = key
    if kind in ("role setting", "database setting"):
        return "open" if live is not None and part in _GUARDS else "differs"
    if kind == "constraint":
        # A copy of parties that no key holds may say something else than its row.
        return "open" if want is not None and "parties" in want else "differs"
    if kind == "extension":
        return "open" if live == "not trusted" else "differs"
    if kind == "database grant":
        return "open" if live is not None and part.endswith("create") else "differs"
    if kind == "role" and part == "attributes" and live is not None:
        gained = set(live.split(", ")) - set((want or "").split(", "))
        return "open" if gained and want is not None else "differs"
    if kind == "table" and part in (
        "owner",
        "row security",
        "kind",
        "security_invoker",
        "definition",
    ):
        if want is not None or (
            part == "kind" and live in ("view", "materialized view", "foreign table")
        ):
            return "open"
    if kind == "function" and want is None and live is not None:
        return "open" if "rights: of its owner" in live else "differs"
    if kind == "trigger" and live is not None and live.startswith("of a constraint"):
        return "open"
    if want is None:
        return "differs" if kind in _HARMLESS_WHEN_ADDED else "open"
    if live is None:
        return "open" if kind in _OPEN_WHEN_GONE else "differs"
    return "open" if kind in _OPEN_WHEN_CHANGED else "differs"


def _name(key: Key) -> str:
    kind, thing, part = key
    if kind == "function":
        return f"function {thing}"
    if thing == "database":
        return f"{kind} {part}"
    return f"{kind} {part} of {thing}" if part else f"{kind} {thing}"


def _words(key: Key, live: str | None, want: str | None) -> str:
    if key.kind == "function" and live and want:
        theirs, ours = (
            dict(s.split(": ", 1) for s in text.split("\n")) for text in (_function(live), want)
        )
        parts = [part for part in ours if theirs.get(part) != ours[part]]
        told = [
            "its body is another one"
            if part == "body"
            else f"{part} are {theirs[part] or 'none'}, not {ours[part] or 'none'}"
            if part in ("arguments", "settings", "rights")
            else f"{part} is {theirs[part]}, not {ours[part]}"
            for part in parts
        ]
        return f"{_name(key)}: {'; '.join(told)}"
    if want is None:
        shown = "" if key.kind in ("function", "foreign function") else f" ({_short(live)})"
        return f"{_name(key)}: is there{shown}, and nothing declares it"
    if live is None:
        return f"{_name(key)}: is missing ({_short(want)})"
    return f"{_name(key)}: is `{_short(live)}`, not `{_short(want)}`"


def _short(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= 300 else f"{text[:297]}…"


def file_of(key: Key) -> str:
    """The file of sql/ that says what should be, or in which it would be declared."""
    if key.kind in ("function", "function grant", "bound body"):
        function = functions.declared().get(key.object)
        return function.file if function else "sql/functions"
    if key.kind in ("role", "role setting", "membership", "database grant"):
        return (
            "sql/roles.sql"
            if key.object.startswith("kollegium_") or key.object == "database"
            else _DECLARES
        )
    if key.kind in ("schema", "schema grant", "default privilege"):
        return "sql/tables/schemas.sql"
    stem = expected.group(key)
    if stem == expected.REST:
        name = re.sub(r"_day_\d+$", "", key.object)
        stem = expected.made_in().get(name, "")
        return f"sql/tables/{stem}.sql" if stem else _DECLARES
    policy = SQL / "policies" / f"{stem}.sql"
    walled = key.kind in ("policy", "table grant", "column grant") or key.part == "row security"
    if walled and policy.exists():
        return f"sql/policies/{stem}.sql"
    return f"sql/tables/{stem}.sql"

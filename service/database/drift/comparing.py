"""Where a database is not what this release builds, line by line, in words."""

import re
from typing import Any

import msgspec

from service.database.drift import expected, functions, lines
from service.database.drift.levels import Level, level_of
from service.database.drift.lines import Key, Lines
from service.database.shipped import SQL


class Drift(msgspec.Struct, frozen=True):
    """One difference; `file` says otherwise, or would declare it."""

    level: Level
    kind: str
    object: str
    part: str
    detail: str
    file: str


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
            f"it was made of another state of sql/tables/{stem}.sql or its policies, so that table "
            "is not compared; write it anew (CONTRIBUTING.md, A migration)",
            f"sql/expected/{stem}.txt",
        )
        for stem in sorted(stale)
    ]  # fmt: skip
    for key in sorted(found.keys() | wanted.keys()):
        if key in declared or expected.group(key) in stale:
            continue
        live, says = found.get(key), wanted.get(key)
        if live is None or says is None or not _same(key, live, says):
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
        level_of(key, live, want),
        key.kind,
        key.object,
        key.part,
        _words(key, live, want),
        file_of(key),
    )


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

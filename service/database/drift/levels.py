"""How bad a difference is. *open*: somebody may see or change more than the files say."""

import re
from typing import Literal

from service.database.drift.lines import Key

Level = Literal["open", "differs"]

# What is there and nothing declares: open, but for these.
_HARMLESS_WHEN_ADDED = {
    "table", "column", "default", "column comment", "constraint", "index", "role", "bound body",
    "role setting", "database setting", "database grant", "extension", "function",
}  # fmt: skip
# What is declared and not there: differs, but for these.
_OPEN_WHEN_GONE = {"default privilege", "generated column"}
# What is there and says something else: differs, but for these.
_OPEN_WHEN_CHANGED = {
    "policy", "function", "generated column", "schema", "bound body", "server setting",
    "membership", "table grant", "column grant", "function grant", "default privilege",
}  # fmt: skip
# Settings by which rows are seen or written past a guard; any other only differs.
_GUARDS = re.compile(
    r"row_security|session_replication_role|search_path|role|session_authorization"
    r"|(session|local|shared)_preload_libraries|check_function_bodies|backslash_quote"
    r"|default_transaction_read_only"
)
_PASSES_BY = ("view", "materialized view", "foreign table")


def level_of(key: Key, live: str | None, want: str | None) -> Level:
    """Of what is there, and what should be; None: it is not."""
    if _opens(key, live or "", want or ""):
        return "open"
    if want is None:
        return "differs" if key.kind in _HARMLESS_WHEN_ADDED else "open"
    if live is None:
        return "open" if key.kind in _OPEN_WHEN_GONE else "differs"
    return "open" if key.kind in _OPEN_WHEN_CHANGED else "differs"


def _opens(key: Key, live: str, want: str) -> bool:
    """What opens the wall though its kind in general does not."""
    kind, _, part = key
    match kind:
        case "role setting" | "database setting":
            return bool(live and _GUARDS.fullmatch(part))
        case (
            "constraint"
        ):  # a copy of parties that no key holds may say something else than its row
            return "parties" in want
        case "extension":
            return live == "not trusted"
        case "database grant":
            return bool(live) and part.endswith("create")
        case "role":
            gained = {*live.split(", ")} - {*want.split(", ")} - {""}
            return part == "attributes" and bool(gained)
        case "table" if want:
            return part in ("owner", "row security", "kind", "security_invoker", "definition")
        case "table":
            return part == "kind" and live in _PASSES_BY
        case "function":
            return not want and "rights: of its owner" in live
    return False

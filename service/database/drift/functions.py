"""What sql/ says of functions, read from their text: a function changes more often than all the
rest, and a list of what PostgreSQL makes of it would be a second text to keep."""

import functools
import hashlib
import re
from typing import NamedTuple

from service.database.shipped import SQL

_MADE = re.compile(r"^create (?:or replace )?function ([\w.]+)\(", re.MULTILINE)
_BODY = re.compile(r"\bas \$(\w*)\$(.*?)\$\1\$", re.DOTALL)
_BOUND = re.compile(r"^return\b|\breturn [^;]*;$", re.MULTILINE)
_GRANT = re.compile(r"^grant execute on function\s+([^;]+?)\s+to\s+([^;]+);", re.MULTILINE)
_SETTING = re.compile(r"\bset (\w+) = (.+?)(?=\s+(?:set|rows|cost)\s|\s*$)", re.DOTALL)
_ROLE = re.compile(r"^set local role (kollegium_\w+);", re.MULTILINE)
_TYPES = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "bool": "boolean",
    "timestamptz": "timestamp with time zone",
    "varchar": "character varying",
    "float8": "double precision",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
}


class WrittenFunction(NamedTuple):
    """A function as its file has it; `says` is what the catalogue should, None in place of the
    body's hash when the server keeps the body as a tree."""

    file: str
    says: str
    executors: frozenset[str]


@functools.cache
def declared() -> dict[str, WrittenFunction]:
    """All functions of sql/ by signature. Raises ValueError for one that cannot be read."""
    made: dict[str, tuple[str, str]] = {}
    granted: dict[str, set[str]] = {}
    files = [*sorted((SQL / "functions").rglob("*.sql")), *sorted((SQL / "tables").glob("*.sql"))]
    for file in files:
        text = file.read_text("utf-8").replace("\r\n", "\n")
        owner = (_ROLE.findall(text) or ["kollegium_owner"])[-1]
        for match in _MADE.finditer(text):
            signature, says = _read(text[match.start() :], match[1], owner)
            made[signature] = (f"sql/{file.relative_to(SQL).as_posix()}", says)
        for functions, roles in _GRANT.findall(text):
            for function in _apart(functions):
                granted.setdefault(_signature(function), set()).update(
                    role.strip() for role in roles.split(",")
                )
    return {
        signature: WrittenFunction(
            file,
            says,
            # What is granted to the owner is his without it.
            frozenset(granted.get(signature, set()) - {says.split("owner: ")[1].split("\n")[0]}),
        )
        for signature, (file, says) in made.items()
    }


def _read(text: str, name: str, owner: str) -> tuple[str, str]:
    arguments = _inside(text, text.index("("))
    body = _BODY.search(text)
    after = text.index("(") + len(arguments) + 2
    end = text.find(";", after)
    if body and body.start() < end:
        head, source = text[after : body.start()], body[2]
    else:
        head, source = text[after : re.search(r"\breturn\b", text[after:]).start() + after], ""  # type: ignore[union-attr]
    language = list(re.finditer(r"\blanguage (sql|plpgsql)\b", head))[-1]
    attributes = head[language.end() :].strip()
    settings = {
        f"{name}={value.strip().strip(chr(39))}" for name, value in _SETTING.findall(attributes)
    }
    words = set(re.sub(r"\bset\b.*", "", attributes, flags=re.DOTALL).split()) | (
        {"definer"} if "security definer" in attributes else set()
    )
    volatility = next((w for w in ("immutable", "stable") if w in words), "volatile")
    says = [
        f"arguments: {canonical(arguments)}",
        f"owner: {owner}",
        f"language: {language[1]}",
        f"volatility: {volatility}",
        f"rights: {'of its owner' if 'definer' in words else 'of its caller'}",
        f"leakproof: {str('leakproof' in words).lower()}",
        f"strict: {str('strict' in words).lower()}",
        f"parallel: {'s' if 'parallel safe' in attributes else 'u'}",
        f"settings: {'; '.join(sorted(settings))}",
        f"body: {hashlib.sha256(source.encode()).hexdigest()}",
    ]
    return _signature(f"{name}({arguments})"), "\n".join(says)


def canonical(arguments: str) -> str:
    """Names, types and defaults, as text and catalogue agree: the catalogue casts its defaults."""
    found = []
    for argument in _apart(arguments):
        what, _, default = re.sub(r"\s+", " ", argument).partition(" default ")
        if not default:
            what, _, default = what.partition(" DEFAULT ")
        mode, name, kind = _parts(what)
        default = re.sub(r"::[\w .\"\[\]]+", "", default).lower()
        found.append(" ".join(filter(None, (mode, name, kind, default and f"default {default}"))))
    return ", ".join(found)


def _parts(argument: str) -> tuple[str, str, str]:
    """Mode, name and type of an argument; a signature has types alone."""
    words = argument.split()
    mode = words.pop(0).lower() if words[0].lower() in ("in", "out", "inout", "variadic") else ""
    named = len(words) > 1 and not _type(" ".join(words)).startswith(
        ("double precision", "timestamp w", "character v", "time w")
    )
    return mode, words.pop(0) if named else "", _type(" ".join(words))


def _type(name: str) -> str:
    base = name.lower().removesuffix("[]")
    return _TYPES.get(base, base) + ("[]" if name.endswith("[]") else "")


def _signature(function: str) -> str:
    start = function.index("(")
    arguments = [
        _parts(argument.partition(" default ")[0]) for argument in _apart(_inside(function, start))
    ]
    kinds = ", ".join(kind for mode, _, kind in arguments if mode != "out")
    return f"{function[:start].strip()}({kinds})"


def _inside(text: str, start: int) -> str:
    """What stands between the bracket at `start` and the one that closes it."""
    depth = 0
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if not depth:
            return re.sub(r"--.*", "", text[start + 1 : place])
    raise ValueError(f"no end of the brackets: {text[:80]}")


def _apart(text: str) -> list[str]:
    """Split at the commas that stand in no bracket or quote."""
    found, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == "'"
        depth += 0 if quoted else {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth and not quoted:
            found.append("")
        else:
            found[-1] += letter
    return [re.sub(r"\s+", " ", part).strip() for part in found if part.strip()]

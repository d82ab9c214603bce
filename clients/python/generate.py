"""Writes `models.py` and `operations.py` of the client from a description of the HTTP interface.

    curl -s https://kollegium.example/openapi.json | python generate.py

Structs are made by datamodel-code-generator from what the description says of bodies and answers;
methods, a class for each tag, are written here. Two things are told apart: what is sent is as
strict as the server (enums are literals), what comes back is read by name and may grow (unknown
members are passed over, a new word of an enum is a string), so that a client goes on when the
server is newer.
"""

import json
import keyword
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent / "kollegium_client"
GENERATED = '"""{title} Generated from /openapi.json by generate.py: change that, not this."""\n'
METHODS = ("get", "post", "put", "patch", "delete")
# What the path calls by a letter.
SPELLED = {"m": "marketplace_id", "l": "lead_id"}
TYPES = {"boolean": "bool", "integer": "int", "string": "str"}
REF = "#/components/schemas/"
# What the parts of a stream are; OpenAPI 3.1 has no place for it.
STREAMS = {"events.stream": "LeadEvent"}
Json = dict[str, Any]


def refs(node: Any) -> Iterator[str]:
    """Names of the schemas that a part of the description refers to."""
    if isinstance(node, dict):
        if isinstance(ref := node.get("$ref"), str) and ref.startswith(REF):
            yield ref.removeprefix(REF)
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def operations(description: Json) -> Iterator[tuple[str, str, Json]]:
    """Path, method and operation, in the order of the description."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield path, method, operation


def reached(schemas: Json, names: set[str]) -> set[str]:
    """Those schemas and all that they are made of."""
    found: set[str] = set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            names |= set(refs(schemas[name]))
    return found


def answers(operation: Json) -> Iterator[tuple[int, Json]]:
    """Status and content of each good answer."""
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield int(status), answer.get("content", {})


def plain(node: Any, *, open_words: bool) -> Any:
    """A schema without what a struct does not check; with open_words, without its enums, too."""
    if isinstance(node, list):
        return [plain(value, open_words=open_words) for value in node]
    if not isinstance(node, dict):
        return node
    drop = {"pattern", "examples", "example", "minLength", "maxLength", "minimum", "maximum",
            "minItems", "maxItems", "title"}  # fmt: skip
    drop |= set() if open_words else {"default"}
    kept = {key: plain(value, open_words=open_words) for key, value in node.items()
            if key not in drop or isinstance(value, dict)}  # fmt: skip
    if isinstance(text := kept.get("description"), str):
        kept["description"] = textwrap.fill(" ".join(text.split()), 88)
    if open_words and isinstance(words := kept.get("enum"), list):
        del kept["enum"]
        kept["type"] = "integer" if isinstance(words[0], int) else "string"
        kept["description"] = f"One of {', '.join(map(str, words))}."
    elif str(kept.get("description", "")).startswith("Left out:"):
        del kept["description"]
    return kept


def schemas_of(description: Json) -> tuple[Json, set[str]]:
    """The schemas that bodies and answers are made of (no problem, no page), and the names of
    those that come back."""
    schemas = description["components"]["schemas"]
    sent, got = set(), set()
    for _, _, operation in operations(description):
        sent |= set(refs(operation.get("requestBody", {})))
        for _, content in answers(operation):
            got |= set(refs(content))
        got |= {STREAMS[name] for name in [operation["operationId"]] if name in STREAMS}
    sent, got = reached(schemas, sent), reached(schemas, got)
    return {
        name: plain(schemas[name], open_words=name in got)
        for name in sorted(sent | got) if not name.startswith("Page_")
    }, got  # fmt: skip


def without_unset(text: str, got: set[str]) -> str:
    """What comes back has None for a member that is left out; what is sent tells the two apart."""
    parts = re.split(r"(?m)^(?=class )", text)
    for number, part in enumerate(parts):
        if (named := re.match(r"class (\w+)", part)) and named[1] in got:
            unset = part.replace("UnsetType", "None").replace("UNSET", "None")
            parts[number] = re.sub(r"None\s*\|\s*None\b", "None", unset)
    return "".join(parts)


def models(description: Json) -> str:
    """The structs, by datamodel-code-generator."""
    schemas, got = schemas_of(description)
    whole = {"openapi": "3.1.0", "info": {"title": "Kollegium", "version": "1"}, "paths": {},
             "components": {"schemas": schemas}}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        read, written = Path(folder, "openapi.json"), Path(folder, "models.py")
        read.write_text(json.dumps(whole), "utf-8")
        command = [
            str(Path(sys.executable).with_name("datamodel-codegen")), "--input", read,
            "--input-file-type", "openapi", "--output", written,
            "--output-model-type", "msgspec.Struct", "--target-python-version", "3.11",
            "--output-datetime-class", "datetime", "--enum-field-as-literal", "all",
            "--formatters", "builtin", "--disable-timestamp", "--use-schema-description",
            "--keyword-only", "--extra-fields", "ignore",
            "--custom-file-header", GENERATED.format(title="What goes in and out."),
        ]  # fmt: skip
        subprocess.run(command, check=True)
        return without_unset(written.read_text("utf-8"), got)


class Argument(NamedTuple):
    """An argument of a method: name in the description, name in Python, its type."""

    name: str
    python: str
    type: str
    required: bool


def python_name(name: str) -> str:
    """A name in Python for one of the description."""
    spelled = SPELLED.get(name, re.sub(r"\W", "_", name).lower())
    return f"{spelled}_" if keyword.iskeyword(spelled) else spelled


def type_of(schema: Json) -> str:
    """The type of a parameter. Ids and moments may be strings."""
    if words := schema.get("enum"):
        return f"Literal[{', '.join(json.dumps(word) for word in words)}]"
    match schema.get("format"):
        case "uuid":
            return "Id"
        case "date-time":
            return "Moment"
    return TYPES[schema["type"]]


def arguments(operation: Json, place: str) -> list[Argument]:
    """The parameters of that place; the cursor and the size of a page are the iterator's."""
    paged = any(part["name"] == "cursor" for part in operation.get("parameters", ()))
    return [
        Argument(p["name"], python_name(p["name"]), type_of(p["schema"]), p["required"])
        for p in operation.get("parameters", ())
        if p["in"] == place and not (paged and p["name"] in ("cursor", "limit"))
    ]


def has(operation: Json, header: str) -> bool:
    """Whether the operation takes the header."""
    return any(part["name"] == header for part in operation.get("parameters", ()))


class Reply(NamedTuple):
    """What a method gives: its type, and how the answer is read."""

    type: str
    call: str
    read: str


def reply_of(operation: Json) -> Reply:
    """A page or a stream is an iterator, several kinds of answer a union, what is no JSON bytes."""
    names: list[str] = []
    if part := STREAMS.get(operation["operationId"]):
        return Reply(f"EventStream[models.{part}]", "_events", f"models.{part}")
    for _, content in answers(operation):
        if content and "application/json" not in content:
            return Reply("bytes", "_bytes", "")
        names += [name for name in refs(content) if name not in names]
    if not names:
        return Reply("None", "_nothing", "")
    if names[0].startswith("Page_"):
        item = f"models.{names[0].removeprefix('Page_').removesuffix('_')}"
        return Reply(f"Iterator[{item}]", "_pages", f"{item}")
    kinds = [f"models.{name}" for name in names]
    return Reply(" | ".join(kinds), "_one" if len(kinds) == 1 else "_either", ", ".join(kinds))


def body_of(operation: Json) -> Argument | None:
    """The argument that holds the body."""
    if not (body := operation.get("requestBody")):
        return None
    if "application/json" not in body["content"]:
        return Argument("data", "data", "bytes", True)
    (name,) = set(refs(body["content"]["application/json"]))
    return Argument("data", "data", f"models.{name}", body["required"])


def signature(operation: Json) -> list[str]:
    """The arguments as they are written down."""
    path, query, body = (
        arguments(operation, "path"),
        arguments(operation, "query"),
        body_of(operation),
    )
    order = [part["name"] for part in operation.get("parameters", ()) if part["in"] == "path"]
    positional = [
        f"{one.python}: Id" for one in sorted(path, key=lambda one: order.index(one.name))
    ]
    if body:
        positional.append(f"data: {body.type}" + ("" if body.required else " | None = None"))
    named = []
    if has(operation, "If-Match"):
        named.append("seen: Versioned")
    if operation["operationId"] in STREAMS:
        named.append("after: str | None = None")
    if has(operation, "Content-Disposition"):
        named.append("name: str | None = None")
    named += [f"{one.python}: {one.type}" + ("" if one.required else " | None = None")
              for one in sorted(query, key=lambda one: not one.required)]  # fmt: skip
    return ["self", *positional, *(["*", *named] if named else [])]


def call(path: str, method: str, operation: Json) -> str:
    """The expression that sends it."""
    reply, query = reply_of(operation), arguments(operation, "query")
    spelled = re.sub(r"{(\w+)}", lambda found: f"{{segment({python_name(found[1])})}}", path)
    given = [f'"{method.upper()}"', f'{"f" if spelled != path else ""}"{spelled}"']
    given += [reply.read] if reply.read else []
    if query:
        given.append("query={" + ", ".join(f'"{one.name}": {one.python}' for one in query) + "}")
    if body_of(operation):
        given.append("data=data")
    if has(operation, "If-Match"):
        given.append("seen=seen")
    if has(operation, "Content-Disposition"):
        given.append("name=name")
    if has(operation, "Idempotency-Key"):
        given.append("once=True")
    if operation["operationId"] in STREAMS:
        given.append("after=after")
    return f"self._send.{reply.call.removeprefix('_')}({', '.join(given)})"


def said(operation: Json) -> str:
    """The docstring: summary, description, the problems that it may raise."""
    problems = sorted({
        code for status, answer in operation["responses"].items() if status[0] in "45"
        for code in answer.get("$ref", "").rpartition("/")[2].split(".")[1:]
        if int(status) < 500 and status not in ("400", "401", "413", "414", "415", "431")
    })  # fmt: skip
    parts = [operation["summary"].rstrip(".") + "."]
    if text := operation.get("description"):
        parts.append(" ".join(text.split()))
    if problems:
        parts.append(f"Problems: {', '.join(problems)}.")
    return "\n\n".join(textwrap.fill(part, 88) for part in parts)


def method_of(path: str, method: str, operation: Json) -> str:
    """One operation as a method."""
    name = python_name(operation["operationId"].partition(".")[2])
    text = said(operation)
    quoted = f'"""{text}"""' if "\n" not in text else f'"""{text}\n"""'
    lines = [f"def {name}({', '.join(signature(operation))}) -> {reply_of(operation).type}:"]
    lines += textwrap.indent(quoted, "    ").splitlines()
    lines.append(f"    return {call(path, method, operation)}")
    return textwrap.indent("\n".join(lines), "    ")


def methods(description: Json) -> str:
    """`operations.py`: a class for each tag, and one that has them all."""
    rooms: dict[str, list[str]] = {}
    for path, method, operation in operations(description):
        room = operation["operationId"].partition(".")[0]
        rooms.setdefault(room, []).append(method_of(path, method, operation))
    classes = {room: room.title().replace("_", "") for room in rooms}
    told = {tag["name"]: tag.get("description", "") for tag in description.get("tags", ())}
    parts = [
        GENERATED.format(title="A method for each operation."),
        "from collections.abc import Iterator\nfrom typing import Literal\n",
        "from kollegium_client import models\nfrom kollegium_client.sending import (\n"
        "    Id, Moment, Room, Sending, Versioned, segment,\n)\n"
        "from kollegium_client.streaming import EventStream\n",
    ]
    for room, written in rooms.items():
        about = told.get(room) or room.replace("_", " ").capitalize()
        parts.append(f'\nclass {classes[room]}(Room):\n    """{about.rstrip(".")}."""\n')
        parts.append("\n\n".join(written) + "\n")
    parts.append('\nclass Rooms:\n    """Every operation, by room."""\n')
    parts.append("    def __init__(self, send: Sending) -> None:")
    parts.append("\n".join(f"        self.{room} = {name}(send)" for room, name in classes.items()))
    return "\n".join(parts)


def main() -> None:
    """Reads the description from standard input, writes both files (into the folder that is named,
    or the package's) and brings them into shape."""
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    description = json.load(sys.stdin)
    written = {"models.py": models(description), "operations.py": methods(description)}
    for name, text in written.items():
        (into / name).write_text(text, "utf-8")
    ruff = str(Path(sys.executable).with_name("ruff"))
    tidy = ["check", "--select", "I,UP,RUF036", "--fix"], ["format", "--line-length", "100"]
    for command in tidy:
        subprocess.run(
            [ruff, command[0], "--quiet", "--isolated", *command[1:],
             *(str(into / name) for name in written)], check=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()

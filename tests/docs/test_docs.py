"""Documents tell the truth: what they link to, name and show exists, and what exists is named.

Each question is a function that answers with findings, so that `test_the_questions_notice` can ask
it about a document that is wrong on purpose.
"""

import ast
import json
import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from service.commands import COMMANDS, kollegium
from tests.fixtures.database import ROOT
from tests.fixtures.described import application

FILES = {
    str(file.relative_to(ROOT))
    for top in ROOT.iterdir()
    if not top.name.startswith(".") or top.name == ".ci"
    for file in ([top] if top.is_file() else top.rglob("*"))
    if "__pycache__" not in file.parts
}
# Not ours, or not kept.
SKIPPED = {"node_modules", "docs_page", "build", "dist"}
DOCUMENTS = sorted(
    ROOT / name for name in FILES if name.endswith(".md") and SKIPPED.isdisjoint(Path(name).parts)
)
TOPS = {name.partition("/")[0] for name in FILES}
SUFFIXES = r"(?:py|sql|md|toml|yaml|ini|conf|json|csv|xlsx|lock|example|mako)"
# Files of other programs, and those that somebody makes who follows a document.
ELSEWHERE = {"postgresql.conf", "pg_hba.conf", "urls.json"}

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
ADR_HEADINGS = ["## Context", "## Decision", "## Consequences", "## Alternatives"]
LINES_OF_A_SCREEN = 60


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _prose(text: str) -> str:
    """The text without fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)


def _fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)


def _anchors(text: str) -> set[str]:
    """The names under which headings can be linked to."""
    headings = re.findall(r"^#+ (.+)$", _prose(text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


def broken_links(text: str, folder: Path) -> list[str]:
    """Relative links whose file or heading is not there."""
    findings = []
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = folder / path if path else None
        if file is not None and not file.exists():
            findings.append(target)
        elif anchor:
            there = text if file is None else file.read_text("utf-8")
            findings += [target] * (anchor not in _anchors(there))
    return findings


def missing_files(text: str, folder: Path) -> list[str]:
    """Names in back-ticks that look like files or folders of ours and are none."""
    findings = []
    for name in re.findall(r"`([\w./*-]+)`", _prose(text)):
        looks = re.fullmatch(rf"[\w./*-]*[\w*-]\.{SUFFIXES}", name) or (
            "/" in name.rstrip("/") and name.partition("/")[0] in TOPS
        )
        if not looks or name.startswith(("/", "./", "~")) or "NNNN" in name or name in ELSEWHERE:
            continue
        wanted = name.rstrip("/")
        if not (
            any(ROOT.glob(wanted)) or any(folder.glob(wanted))
            if "*" in wanted
            else (folder / wanted).exists()
            or any(f"/{file}".endswith(f"/{wanted}") for file in FILES)
        ):
            findings.append(name)
    return findings


def invalid_json(text: str, folder: Path) -> list[str]:
    """Fenced JSON that is none; several lines of JSON are allowed."""
    findings = []
    for block in _fenced(text, "json"):
        try:
            json.loads(block)
        except ValueError:
            for line in block.strip().splitlines():
                try:
                    json.loads(line)
                except ValueError:
                    findings.append(line)
    return findings


def invalid_python(text: str, folder: Path) -> list[str]:
    """Fenced Python that does not parse."""
    findings = []
    for block in _fenced(text, "python"):
        try:
            ast.parse(block)
        except SyntaxError as error:
            findings.append(str(error))
    return findings


def _words(text: str) -> list[list[str]]:
    """The commands in fenced shell blocks: a list of words each; prompts and comments are gone."""
    commands = []
    for block in [*_fenced(text, "sh"), *_fenced(text, "bash"), *_fenced(text, "console")]:
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"\s(?:\||&&|>|<)\s", re.sub(r"(^|\s)#.*", "", line)):
                try:
                    words = shlex.split(part.removeprefix("$ "))
                except ValueError:
                    continue
                while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                    words = words[1:]
                if words:
                    commands.append(words)
    return commands


def unknown_commands(text: str, folder: Path) -> list[str]:
    """Calls of make and kollegium that name a target or command that is not there."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    findings = []
    for words in _words(text):
        program, arguments = words[0].rpartition("/")[2], words[1:]
        if program == "make":
            findings += [w for w in arguments if "=" not in w and w not in targets]
        elif program == "kollegium" and arguments and not arguments[0].startswith("-"):
            command = kollegium.get_command(click.Context(kollegium), arguments[0])
            if command is None:
                findings.append(arguments[0])
                continue
            place = 1
            while isinstance(command, click.Group) and len(arguments) > place:
                command = command.commands.get(arguments[place])
                if command is None:
                    findings.append(" ".join(arguments[: place + 1]))
                place += 1
            options = {o for p in command.params for o in p.opts} if command else set()
            own = arguments[: arguments.index("--")] if "--" in arguments else arguments
            findings += [
                f"{arguments[0]} {word}"
                for word in own
                if word.startswith("--")
                and word.partition("=")[0] not in options | {"--help"}
                and arguments[0] != "psql"
            ]
    return findings


def leftovers(text: str, folder: Path) -> list[str]:
    """What authors leave for later."""
    return re.findall(r"\b(?:TODO|FIXME|XXX|TBD)\b", text)


QUESTIONS: list[Callable[[str, Path], list[str]]] = [
    broken_links, missing_files, invalid_json, invalid_python, unknown_commands, leftovers,
]  # fmt: skip
WRONG = """# Title

[gone](nowhere.md) and [lost](#no-such-heading) and `service/nowhere.py` TODO

```json
{"half":
```

```python
def nothing(
```

```sh
make nothing && kollegium vanish
```
"""


@pytest.mark.parametrize("document", DOCUMENTS, ids=_name)
def test_documents_tell_the_truth(document: Path) -> None:
    text = document.read_text("utf-8")
    found = {question.__name__: question(text, document.parent) for question in QUESTIONS}
    assert {name: findings for name, findings in found.items() if findings} == {}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.__name__)
def test_the_questions_notice(question: Callable[[str, Path], list[str]]) -> None:
    assert question(WRONG, ROOT) != []


def test_there_are_documents() -> None:
    names = {_name(document) for document in DOCUMENTS}
    assert {
        "CHANGELOG.md", "CONTRIBUTING.md", "deploy/runbook.md", "docs/architecture.md",
        "docs/glossary.md", "docs/testing.md",
    } <= names  # fmt: skip


@pytest.mark.parametrize("record", DECISIONS, ids=lambda record: record.stem)
def test_a_decision_record_has_its_form(record: Path) -> None:
    lines = record.read_text("utf-8").splitlines()
    assert lines[0].startswith(f"# {record.stem[:4]} ")
    assert [line for line in lines if line.startswith("#")][1:] == ADR_HEADINGS
    assert len(lines) <= LINES_OF_A_SCREEN
    for heading, following in zip(lines, lines[2:], strict=False):
        if heading in ADR_HEADINGS:
            assert following, f"{heading} is empty"


def test_decision_records_are_numbered_without_gaps() -> None:
    numbers = [int(record.name[:4]) for record in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


def _code() -> str:
    parts = [*ROOT.glob("sql/**/*.sql"), *ROOT.glob("service/**/*.py")]
    return "\n".join(f.read_text("utf-8") for f in parts)


def test_words_of_the_glossary_are_those_of_the_code() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    code = _code()
    words = re.findall(r"^\|[^|]*\| `([a-z_]+)` \|", glossary, re.MULTILINE)
    states = re.findall(r"`([a-z_]+)`", glossary.partition("## States")[2])
    assert (len(words) > 30, len(states) > 15) == (True, True)
    gone = [w for w in [*words, *states] if not re.search(rf"(?<![a-z]){w}(?![a-rt-z])", code)]
    assert gone == []


def test_every_table_stands_in_the_glossary_or_belongs_to_one_that_does() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    tables = re.findall(r"^create table app\.(\w+)", _code(), re.MULTILINE)
    assert tables
    unknown = [t for t in tables if f"`{t}`" not in glossary and t != "lead_import_row"]
    assert unknown == []


def test_every_route_is_described() -> None:
    app = application()._app
    described = app.state.description
    paths = set(
        json.loads(described)["paths"] if isinstance(described, bytes) else described["paths"]
    )
    documents = "\n".join(document.read_text("utf-8") for document in DOCUMENTS)
    routes = {re.sub(r"\{(\w+):\w+\}", r"{\1}", r.path) for r in app.routes}
    assert len(routes) > 30
    assert {route for route in routes if route not in paths and route not in documents} == set()


def test_the_map_names_every_room() -> None:
    architecture = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rooms = {
        file.parent.relative_to(ROOT).as_posix()
        for file in [
            *ROOT.glob("service/*/__init__.py"),
            *ROOT.glob("service/domain/*/__init__.py"),
            *ROOT.glob("service/jobs/*/__init__.py"),
        ]
    }
    assert {room for room in rooms if f"`{room}/`" not in architecture} == set()


def test_every_folder_of_tests_stands_in_testing_md() -> None:
    testing = (ROOT / "docs" / "testing.md").read_text("utf-8")
    folders = {file.parent.name for file in ROOT.glob("tests/*/test_*.py")}
    assert {folder for folder in folders if f"`tests/{folder}/" not in testing} == set()
    policies = {file.name for file in ROOT.glob("tests/policies/test_*.py")}
    assert {name for name in policies if f"`tests/policies/{name}`" not in testing} == set()


def test_every_command_stands_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert [name for name in COMMANDS if f"`{name}`" not in changelog] == []


def test_the_changelog_knows_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\] - (unreleased|\d{4}-\d\d-\d\d)$", changelog, re.M)
    assert newest is not None
    assert newest[1] == version

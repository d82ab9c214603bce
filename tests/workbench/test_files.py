"""The page as it is sent: what its files are, that they fit together, and what a browser may do
with them."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from service.workbench import files
from tests.fixtures.market import Market

PAGE = Path(files.__file__).parent / "page"
SCRIPTS = sorted(path.relative_to(PAGE).as_posix() for path in PAGE.glob("*/*.js"))
OURS = [name for name in SCRIPTS if not name.startswith("vendor/")]
ROOMS = sorted({name.split("/")[0] for name in OURS})
_IMPORT = re.compile(r'^(?:import|export|\}) .*?from "([^"]+)"|import\("([^"]+)"\)', re.MULTILINE)
_WORDS = re.compile(r'^  "([^"]+)": (".*"),$', re.MULTILINE)
SINKS = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc"


@pytest.mark.parametrize("name", SCRIPTS)
def test_imports_lead_to_files_that_exist(name: str) -> None:
    for target in filter(None, sum(_IMPORT.findall((PAGE / name).read_text("utf-8")), ())):
        assert target.startswith("."), f"{name} imports {target}"
        assert ((PAGE / name).parent / target).resolve().is_file(), f"{name} imports {target}"


@pytest.mark.parametrize("name", OURS)
def test_markup_is_never_made_of_texts(name: str) -> None:
    assert not re.search(SINKS, (PAGE / name).read_text("utf-8"))


@pytest.mark.parametrize("room", ROOMS)
def test_both_languages_say_the_same(room: str) -> None:
    german, english = (
        dict(_WORDS.findall((PAGE / room / f"words.{language}.js").read_text("utf-8")))
        for language in ("de", "en")
    )
    assert german
    assert sorted(german) == sorted(english)
    for key, text in german.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", english[key]))
    for language in ("de", "en"):
        content = (PAGE / room / f"words.{language}.js").read_text("utf-8")
        lines = [line for line in content.splitlines() if line.startswith("  ")]
        assert len(lines) == len(_WORDS.findall(content)), "one key a line"
    if room != "core":
        assert all(key.startswith(f"{room}.") for key in german)


@pytest.mark.parametrize("room", ROOMS)
def test_words_that_are_named_exist(room: str) -> None:
    known = {
        key
        for name in ("core", room)
        for key, _ in _WORDS.findall((PAGE / name / "words.en.js").read_text("utf-8"))
    }
    for path in sorted((PAGE / room).glob("*.js")):
        for key in re.findall(r"""\bt\("([^"$]+)\"""", path.read_text("utf-8")):
            assert key in known, f"{path.name}: {key}"


def test_whatever_happens_to_a_lead_has_words() -> None:
    recorded: set[str] = {"won", "lost"}  # by an outcome
    for path in (PAGE.parents[2] / "sql/functions").rglob("*.sql"):
        for call in path.read_text("utf-8").split("app_private.record(")[1:]:
            # The third value: a kind, or a case of several.
            kind = re.sub(r"\([^()]*\)", "", call.split(";")[0]).split(",")[2]
            recorded |= set(re.findall(r"'([a-z-]+)'", kind))
    assert {"came-in", "withdrawn", "unplaced", "picked"} <= recorded
    words = (PAGE / "leads/words.de.js").read_text("utf-8")
    assert {one for one in recorded if f'"leads.event.{one}"' not in words} == set()


def test_libraries_are_what_they_are_said_to_be() -> None:
    said = dict(re.findall(r"([0-9a-f]{64})  (\S+)", (PAGE / "README.md").read_text("utf-8")))
    assert len(said) == 3
    for digest, name in said.items():
        assert hashlib.sha256((PAGE / "vendor" / name).read_bytes()).hexdigest() == digest


async def test_the_shell_lets_nothing_in(market: Market) -> None:
    front = await market.client.get("/")
    assert (front.status_code, front.headers["location"]) == (303, "/app/")
    for path in (
        "/app/",
        "/app",
        "/app/leads?state=engaged&q=M%C3%BCller",
        "/app/offers",
        "/app/leads/a/b",
        "/app/marketplaces/a/b/c",
    ):
        answer = await market.client.get(path, headers={"accept-language": "de"})
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
        assert '<html lang="de">' in answer.text
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|style=", answer.text)
        assert "kollegium-demo" not in answer.text, "log-ins to click are the demo's"
    assert (await market.client.get("/demo/logins")).status_code == 404


async def test_files_are_kept_for_good_and_packed(market: Market) -> None:
    at = f"/app/files/{files.version()}"
    answer = await market.client.get(f"{at}/core/api.js", headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content == (PAGE / "core/api.js").read_bytes()
    plain = await market.client.get(f"{at}/core/api.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content
    for odd in ("core/README.md", "core/none.js", "..%2fhttp.py/x", "vendor/LICENSE.htm"):
        assert (await market.client.get(f"{at}/{odd}")).status_code == 404, odd
    assert (await market.client.get("/app/files/0123456789abcdef/core/api.js")).status_code == 404
    worker = await market.client.get("/app/worker.js")
    assert files.version() in worker.text
    assert "@version@" not in worker.text


def loaded_with(room: str) -> set[tuple[str, str]]:
    """The files that a browser loads for a room, in one language: all that is named by what it has,
    but for what is loaded when it is first shown."""
    found: set[tuple[str, str]] = {("core", "style.css"), ("core", "icon.svg")}
    found |= {(name, "words.de.js") for name in ("core", room)}
    left = [("core", "main.js"), (room, "room.js")]
    while left:
        at = left.pop()
        if at in found:
            continue
        found.add(at)
        text = (PAGE / at[0] / at[1]).read_text("utf-8")
        for target, _later in _IMPORT.findall(text):
            if target:
                path = ((PAGE / at[0]) / target).resolve()
                left.append((path.parent.name, path.name))
    return found


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "core"])
def test_what_a_first_visit_loads_is_small(room: str) -> None:
    """60 kB with the heads of the answers and the shell, which the tests in a browser count."""
    known = files.files()
    sizes = {name: len(known[name].packed or known[name].content) for name in loaded_with(room)}
    assert ("vendor", "preact.js") in sizes
    assert sum(sizes.values()) < 52_000, sorted(sizes.items(), key=lambda one: -one[1])
    assert gzip.decompress(known["core", "main.js"].packed)

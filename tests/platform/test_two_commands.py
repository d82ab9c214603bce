"""`make run` and `make test` are made for any machine: what they run is read here.

macOS brings make 3.81 (no .ONESHELL, no .SHELLFLAGS) and bash 3.2 (no `declare -A`, no `mapfile`,
no `${x,,}`), Debian's sh is dash. Both commands were tried with builds of make 3.81 and bash 3.2;
here their recipes are read for what those do not know.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.database import ROOT
from tests.fixtures.groups import GROUPS, MAIN

MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
CI = (ROOT / ".ci" / "run").read_text("utf-8")
UNKNOWN = {
    "make 3.81": [
        r"^\.ONESHELL", r"^\.SHELLFLAGS", r"!=", r"\$\(file\s", r"\$\(guile\s", r"&:", r"::=",
    ],
    "bash 3.2": [
        r"\bdeclare\s-[A-Z]*A", r"\blocal\s-A", r"\bmapfile\b", r"\breadarray\b", r"\|&", r"&>>",
        r"\$\{\w+(,,?|\^\^?)",
        r"\bcoproc\b", r"\$\{\w+@[A-Z]\}", r"\bglobstar\b", r"\[\[\s-v", r";;&",
    ],
    "dash": [
        r"^#!.*bash", r"\[\[", r"^\s*function\s\w", r"\w+=\(", r"<<<", r"<\(", r"\$'", r"&>",
        r"\bpipefail\b", r"\bsource\s", r"\$\{\w+//", r"\blocal\s\w",
    ],
}  # fmt: skip


def scripts() -> dict[str, str]:
    """Every script that a recipe runs, and those that it runs in turn."""
    found: dict[str, str] = {}
    waiting = re.findall(r"\b(?:sh|bash) ([\w./-]+)", MAKEFILE + CI)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = (ROOT / name).read_text("utf-8")
            waiting += re.findall(r"\b(?:sh|bash) ((?:\.ci|scripts|tests)/[\w./-]+)", found[name])
    return found


def strange(text: str, *dialects: str) -> list[str]:
    """What none of these shells or makes understands, line by line; comments may say anything."""
    return [
        f"{number}: {line} ({dialect})"
        for number, line in enumerate(text.splitlines(), 1)
        for dialect in dialects
        for pattern in UNKNOWN[dialect]
        if re.search(pattern, re.sub(r"(^|\s)#(?!!).*", "", line))
    ]


def test_the_recipes_are_for_every_make() -> None:
    assert strange(MAKEFILE, "make 3.81", "bash 3.2", "dash") == []
    # Without .ONESHELL each line is a shell of its own: a `cd` or a variable would be lost.
    for line in re.findall(r"^\t(.*)$", MAKEFILE, re.MULTILINE):
        assert not re.match(r"@?(cd |set |if |for |while |export |\w+=\S*$)", line), line


def test_the_scripts_are_for_every_shell() -> None:
    assert {"scripts/setup.sh", "tests/peers.sh", ".ci/packages"} <= set(scripts())
    for name, text in scripts().items():
        assert strange(text, "bash 3.2", "dash") == [], name
        assert text.startswith("#!/bin/sh\n"), name
        done = subprocess.run(
            ["sh", "-n", name], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "line",
    [".ONESHELL:", ".SHELLFLAGS := -eu", "  declare -A packages=(", "mapfile -t x <file",
     "echo ${name,,}", "[[ -n $x ]]", "set -o pipefail", "words=(a b)", "read x <<<text"],
)  # fmt: skip
def test_what_they_do_not_know_is_found(line: str) -> None:
    """The control."""
    assert strange(f"all:\n{line}\n", *UNKNOWN) != []
    assert strange(f"# {line}\n", *UNKNOWN) == []


def test_no_command_of_ours_installs_or_starts_system_packages() -> None:
    """Only CI's own script does, which is not run by make."""
    texts = {name: text for name, text in scripts().items() if not name.startswith(".ci/")}
    for name, text in {"Makefile": MAKEFILE, **texts}.items():
        code = re.sub(r'(^|\s)#.*|"[^"]*"', "", text)  # an advice to copy is no command
        assert not re.search(r"apt(-get)? (install|update)|systemctl|service \w+ start", code), name


def test_a_group_names_what_it_needs_in_one_line() -> None:
    packages = subprocess.run(
        ["sh", "tests/peers.sh", "--packages"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert GROUPS["peers"].install == f"sudo apt install {packages}"
    assert GROUPS["peers"].run == "make test-peers"
    assert re.search(r"^test-peers:", MAKEFILE, re.MULTILINE)


def test_ci_runs_every_group() -> None:
    (groups,) = re.findall(r"--groups ([\w,]+)", CI)
    assert set(groups.split(",")) == {MAIN, *GROUPS}


def test_ci_proves_the_wall_on_a_second_server() -> None:
    assert re.search(r"^sh \.ci/wall$", CI, re.MULTILINE)
    assert "make test-wall" in scripts()[".ci/wall"]
    (recipe,) = re.findall(r"^test-wall:.*\n\t(.*)$", MAKEFILE, re.MULTILINE)
    assert "--server distribution" in recipe


def test_whoever_names_no_test_gets_processes() -> None:
    """And a test by its name none, for each takes seconds to start. What a make around this run was
    told (CI names its groups) is not for the one in here."""
    ours = ("MAKE", "MFLAGS", "ARGS")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    for arguments, workers in ((), True), (("ARGS=-k pick",), False):
        told = subprocess.run(
            ["make", "-n", "test", "setup=", *arguments],
            cwd=ROOT,
            env=clean,
            capture_output=True,
            text=True,
        ).stdout
        assert ("-n logical" in told) == workers, told


def test_who_lacks_a_package_is_told_the_line(tmp_path: Path) -> None:
    for name in ("sh", "cc", "nginx", "pgbouncer"):  # and neither wrk nor PostgreSQL
        (tmp_path / name).symlink_to(shutil.which("sh") or "/bin/sh")
    done = subprocess.run(
        ["sh", str(ROOT / "tests/peers.sh")],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    if not Path("/usr/sbin/wrk").exists():
        assert done.returncode == 1
        assert "wrk" in done.stderr.splitlines()[0]
        assert GROUPS["peers"].install in done.stderr

"""Freezes what is released, and begins what comes after it.

python alembic/release.py release 0.2.0      the unreleased revision never changes from here on
python alembic/release.py revision "Words"   a new one, which applies live what changes in sql/
python alembic/release.py statements         names the file of the unreleased one, if there is one
"""

import argparse
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import frozen
from service.database.shipped import RELEASED, ROOT, sql_hash

_HEAD = """\
# What was released: written by `make release`, read by alembic/frozen.py and the service. Lines are
# added and never changed. The released commit is the last one that changed this file.
# sql: hash of the folder sql/ then; script: hash of the frozen script of the revision.
"""
_PYTHON = '''\
"""{title}."""

from alembic import op

import frozen

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    """Its own statements, then what changed in sql/ since {before} (alembic/frozen.py)."""
    frozen.upgrade(op, __file__)
'''
_SQL = """\
-- What changes tables, as kollegium_owner. Functions, policies and roles follow from sql/ by
-- themselves; a function that goes or gets other parameters is dropped here. What is said here of
-- tables stands in sql/tables, too: an upgraded database is compared with one that sql/ built.
-- A foreign key: alembic/blind.py says between which lines.
"""


# Where the version stands, and what stands around it.
_NAMES_VERSION = {
    "pyproject.toml": r'(?m)(?<=^version = ")[\d.]+(?="$)',
    "service/web/openapi.py": r'(?<="version": ")[\d.]+(?=")',
    "deploy/compose.yaml": r"(?<=image: kollegium:)[\d.]+|(?<=image: kollegium-pgbouncer:)[\d.]+",
}


class Refused(Exception):
    """It cannot be done; the message says why and what to do."""


def unreleased() -> str | None:
    """The newest revision, unless it is released."""
    newest = max(file.name.split("_")[0] for file in frozen.VERSIONS.glob("[0-9]*.py"))
    return None if newest in {release.revision for release in frozen.releases()} else newest


def release(version: str, root: Path = ROOT) -> list[str]:
    """Freezes the unreleased revision and names the version; what was done, in words.

    Raises Refused.
    """
    known = frozen.releases()
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise Refused(f"{version} is no version: three numbers, as in 0.2.0.")
    if known and _numbers(version) <= _numbers(known[-1].version):
        raise Refused(f"{version} does not come after {known[-1].version}, the last release.")
    changed = uncommitted(root)
    if changed:
        raise Refused(
            f"Commit first; a release is a commit of its own. Changed:\n{changed.rstrip()}"
        )
    said = []
    revision = unreleased()
    if revision is None:
        revision = known[-1].revision
        if sql_hash() != known[-1].sql:
            raise Refused(f"sql/ changed since {revision} was released: `make revision` first.")
        script = frozen.script_of(revision)
        said.append(f"The schema is that of {known[-1].version}; nothing to freeze.")
    else:
        script = frozen.script_of(revision)
        place = frozen.statements(revision)
        place.write_text(script, "utf-8")
        units = len(frozen.units_of([script]))
        said.append(
            f"Frozen: {place.relative_to(root)}, {units} units, {script.count(chr(10))} lines."
        )
    lines = [f'{name} = "{value}"' for name, value in
             [("version", version), ("revision", revision), ("sql", sql_hash()),
              ("script", frozen.hash_of(script))]]  # fmt: skip
    before = RELEASED.read_text("utf-8") if RELEASED.exists() else _HEAD
    RELEASED.write_text("\n".join([before, "[[release]]", *lines, ""]), "utf-8")
    said.append(f"Written: {RELEASED.relative_to(root)}: {version} is revision {revision}.")
    for name, line in _NAMES_VERSION.items():
        _replace(root / name, line, version)
    today = datetime.now(UTC).date().isoformat()
    heading = r"(?m)^## \[(?:Unreleased\]|[^\]]+\] - unreleased)$"
    _replace(root / "CHANGELOG.md", heading, f"## [{version}] - {today}")
    said.append(f"Named {version}: {', '.join(_NAMES_VERSION)}, CHANGELOG.md.")
    said.append(
        f"Now: `git add --all`, `make check test-wall`, `git commit --message 'Release {version}'`."
        " From that commit on tests/upgrade/ upgrades this release. The next change of sql/ begins"
        ' with `make revision ARGS="what it is about"`.'
    )
    return said


def uncommitted(root: Path) -> str:
    """What git would still commit."""
    done = subprocess.run(
        ["git", "status", "--porcelain"],  # noqa: S607 - whichever git there is
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _replace(file: Path, pattern: str, new: str) -> None:
    text, count = re.subn(pattern, new.replace("\\", r"\\"), file.read_text("utf-8"))
    if not count:
        raise Refused(f"{file.name} has no line like {pattern}.")
    file.write_text(text, "utf-8")


def revision(title: str) -> list[str]:
    """Begins the revision after the last release; the names of its files. Raises Refused."""
    begun = unreleased()
    if begun:
        raise Refused(
            f"{begun} is not released yet: what changes goes into it "
            f"({frozen.statements(begun).relative_to(ROOT)} for tables, sql/ for all)."
        )
    words = "_".join(re.findall(r"[a-z0-9]+", title.lower()))
    if not words:
        raise Refused('Say in a few words what it is about: make revision ARGS="Appointments".')
    before = frozen.releases()[-1].revision
    number = f"{int(before) + 1:04}"
    python = frozen.VERSIONS / f"{number}_{words}.py"
    title = title.strip().rstrip(".")
    python.write_text(_PYTHON.format(title=title, revision=number, before=before), "utf-8")
    python.with_suffix(".sql").write_text(_SQL, "utf-8")
    return [str(file.relative_to(ROOT)) for file in (python, python.with_suffix(".sql"))]


def statements() -> list[str]:
    """The file whose statements no release holds yet; for the checks of migrations."""
    begun = unreleased()
    own = begun and frozen.statements(begun)
    return [str(own.relative_to(ROOT))] if own and own.exists() else []


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=["release", "revision", "statements"])
    parser.add_argument("words", nargs="*", help="the version, or what the revision is about")
    given = parser.parse_args()
    words = " ".join(given.words)
    try:
        said = {"release": lambda: release(words), "revision": lambda: revision(words)}.get(
            given.what, statements
        )()
    except Refused as refused:
        sys.exit(str(refused))
    print("\n".join(said))


if __name__ == "__main__":
    main()

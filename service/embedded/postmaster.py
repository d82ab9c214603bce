"""Who runs on a cluster's files, by its `postmaster.pid`."""

import os
import signal
import subprocess
from pathlib import Path

import psutil

_NOBODY = 2**31 - 1  # above every system's highest process id


class Postmaster:
    """The server process of `pgdata`, if any. `child` is the one that this runner started."""

    def __init__(self, pgdata: Path) -> None:
        self.pgdata = pgdata
        self.child: subprocess.Popen[bytes] | None = None

    def lines(self) -> list[str]:
        """The file's lines: pid, directory, start time, port, socket, address, shared memory,
        status. Empty when there is none."""
        try:
            file = self.pgdata / "postmaster.pid"  # it names the directory, as the system spells it
            return file.read_text("utf-8", "surrogateescape").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []

    def pid(self) -> int | None:
        """The process whose file it is and that runs; None when none does, whatever it says."""
        first = next(iter(self.lines()), "")
        pid = int(first) if first.isdecimal() else 0
        if self.child and self.child.pid == pid:
            return pid if self.child.poll() is None else None
        try:
            # A postmaster works in its data directory; a zombie works nowhere.
            return pid if pid and psutil.Process(pid).cwd() == str(self.pgdata) else None
        except psutil.Error:
            return None

    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self.lines()[3])

    def status(self) -> str:
        """Such as "ready" or "stopping"; empty when nobody runs."""
        lines = self.lines()
        return lines[7].strip() if len(lines) > 7 and self.pid() else ""

    def kill_child(self) -> None:
        """Ends the process at once; its data are gone already."""
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGQUIT)
            self.child.wait(timeout=30)

    def alive(self) -> bool:
        """Whether a server runs, whoever started it and wherever it is in its life."""
        return bool(self.child and self.child.poll() is None) or self.pid() is not None

    def child_ended(self) -> bool:
        """Whether the process that this runner started is no more."""
        return self.child is not None and self.child.poll() is not None

    def disown_stale_file(self) -> bool:
        """Before a start: PostgreSQL trusts a file whose process exists. After a container's
        restart that is some other process, under an init that reaps nothing a zombie. Only the pid
        is replaced; by the rest PostgreSQL still notices backends that survived their postmaster.
        """
        lines = self.lines()
        if not lines:
            return False
        path = self.pgdata / "postmaster.pid"
        # The directory is another account's: root must not follow a link out of it.
        with open(os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW), "wb") as file:
            text = "\n".join([str(_NOBODY), *lines[1:], ""])
            file.write(text.encode("utf-8", "surrogateescape"))
        return True

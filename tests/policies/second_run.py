"""The wall on another PostgreSQL: the distribution's oldest that is patched.

The whole folder runs again there, in a process of its own. It takes minutes, so it begins with the
session and goes on beside the other tests; its test waits for the end.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fixtures.server import ChosenServer, second_server

HERE = Path(__file__).parent
_SECONDS = 900
_PYTEST = [
    *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--groups", "main,peers")
]


class SecondRun:
    """One run of the folder on the second server; `why_not` says why there is none."""

    def __init__(self) -> None:
        self.why_not: str | None = None
        self._server: ChosenServer | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._output = Path(tempfile.mkdtemp(prefix="kollegium-second-")) / "output"

    def start(self) -> None:
        """Starts server and run, unless this run is on a server of its caller's choice."""
        if os.environ.get("TEST_DATABASE_URL"):
            self.why_not = "this run is on a server of its caller's choice"
            return
        server = second_server()
        if isinstance(server, str):
            self.why_not = server
            return
        self._server = server
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [*_PYTEST, f"--ignore={HERE}/test_second_server.py", str(HERE)],
                env={**os.environ, "TEST_DATABASE_URL": server.superuser_url},
                cwd=HERE.parents[1],
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def result(self) -> tuple[int, str]:
        """Waits for the end; exit code and output."""
        assert self._process is not None
        code = self._process.wait(timeout=_SECONDS)
        return code, self._output.read_text(errors="replace")

    def stop(self) -> None:
        """Ends what still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=30)
        if self._server is not None:
            self._server.stop()
            self._server = None
        shutil.rmtree(self._output.parent, ignore_errors=True)


second_run = SecondRun()

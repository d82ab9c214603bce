"""The contestants that speak HTTP, started as in production: one worker, logs, metrics."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import tools
from bench.cluster import Cluster
from service.settings import ServiceSettings

ROOT = Path(__file__).resolve().parent.parent
WAIT_SECONDS = 60


@dataclass(frozen=True)
class Running:
    """A started service: where it listens, and its process."""

    kind: str
    url: str
    pid: int


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(
    kind: str, cluster: Cluster, database: str, directory: Path, root: Path = ROOT, **extra: str
) -> Iterator[Running]:
    """Runs a contestant until the block ends. Its log is a file, as a container's would be. `root`:
    the source tree whose service it is."""
    port, metrics = free_port(), free_port()
    role = "bench_peer" if kind == "orm" else "kollegium_api"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "DATABASE_URL": cluster.url(database, role),
        "KOLLEGIUM_POOL_SIZE": str(ServiceSettings(database_url="").connections),  # the peer's, too
        **extra,
    }
    command = _command(kind, port, metrics, directory)
    log = directory / "logs" / f"{kind}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=root, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process, log)
        yield Running(kind, url, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command(kind: str, port: int, metrics: int, directory: Path) -> list[str]:
    serve = ["--port", str(port), "--metrics-port", str(metrics)]
    if kind == "service":
        return [sys.executable, "-m", "service", "serve", *serve]
    plain = ["--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    if kind == "orm":
        place = ["--app-dir", str(ROOT / "bench" / "peers" / "orm")]
        return [str(tools.peer(directory, kind) / "uvicorn"), "app:app", *place, *plain]
    if kind == "django":
        return _gunicorn(tools.peer(directory, kind) / "gunicorn", port)
    if kind == "bare":
        return [sys.executable, "-m", "uvicorn", "bench.bare:app", "--no-access-log", *plain]
    return [sys.executable, "-m", "bench.variant", kind, *serve]


def _gunicorn(program: Path, port: int) -> list[str]:
    """Django as it is served: a worker, and a thread for each connection to PostgreSQL."""
    threads = ServiceSettings(database_url="").connections
    listen = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", str(threads)]
    keep = ["--keep-alive", "60", "--no-control-socket"]
    return [
        str(program),
        "app:application",
        "--chdir",
        str(ROOT / "bench/peers/django"),
        *listen,
        *keep,
    ]


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers anything at all. Raises RuntimeError with the end of its log."""
    deadline = time.monotonic() + WAIT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/me", timeout=5)  # noqa: S310 - our own loopback URL
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
    raise RuntimeError(f"{log.stem} did not start:\n{tail}")


def ask(url: str, line: str) -> tuple[int, bytes]:
    """Sends one line of a request file; status and body. Errors of HTTP are answers, too."""
    method, path, token, key, body = line.split("\t", 4)
    headers = {"Content-Type": "application/json"} if body != "-" else {}
    if token != "-":  # noqa: S105 - the sign for none
        headers["Authorization"] = f"Bearer {token}"
    if key != "-":
        headers["Idempotency-Key"] = key
    request = urllib.request.Request(  # noqa: S310 - our own loopback URL
        url + path, method=method, headers=headers, data=None if body == "-" else body.encode()
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def recorded(
    cluster: Cluster, database: str, directory: Path, lines: list[str]
) -> list[list[list[tuple[str, list[str | None]]]]]:
    """What the service sends to PostgreSQL for each of the requests: its batches."""
    file = directory / "batches.jsonl"
    found = []
    with started("record", cluster, database, directory, BENCH_RECORD=str(file)) as service:
        for line in lines:
            file.write_bytes(b"")
            status, body = ask(service.url, line)
            if status >= 300:
                raise RuntimeError(f"{line} was answered with {status}: {body[:300]!r}")
            batches = [json.loads(text) for text in file.read_text().splitlines()]
            token = line.split("\t")[2]
            found.append(
                [[(sql, values) for sql, values in batch] for batch in batches if _of(token, batch)]
            )
    return found


def _of(token: str, batch: list[tuple[str, list[str | None]]]) -> bool:
    """Whether a batch belongs to the request: the service also asks on its own, as nobody."""
    return all(values == [token] for sql, values in batch if "app.enter" in sql)

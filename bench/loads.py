"""The load, always a process of its own: wrk for HTTP, pgbench for SQL, `pace` for fixed rates;
and `alone`, for what the machine adds.

Each returns a Figure: rate, latency, and processor time of whoever did the work.
"""

import json
import os
import re
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import processes, tools
from bench.cluster import Cluster
from bench.operations import LINES, Operation

HERE = Path(__file__).resolve().parent
CONNECTIONS = 8  # of wrk: where the service is fastest on two cores
PACED_CONNECTIONS = 64
CLIENTS = 4  # of pgbench; more make it slower on two cores


class LoadError(RuntimeError):
    """A load generator failed, or was answered otherwise than the operation expects."""


@dataclass(frozen=True)
class Figure:
    """One turn. Rates per second, latencies and processor time in microseconds."""

    rate: float
    requests: int
    service_cpu: float
    database_cpu: float
    p50: float | None = None
    p99: float | None = None
    maximum: float | None = None
    refused: int = 0
    elsewhere: float = 0.0  # cores that were busy with something else

    def as_dict(self) -> dict[str, Any]:
        """For the results file."""
        return asdict(self)


@dataclass(frozen=True)
class Used:
    """Processor time while a load ran: microseconds a request, and cores busy elsewhere."""

    service: float
    database: float
    elsewhere: float


class Meter:
    """Processor time of the service and of PostgreSQL from its making to `used`."""

    def __init__(self, cluster: Cluster, service: int | None) -> None:
        self._service, self._database = service, cluster.postmaster
        self._before = self._read()

    def _read(self) -> tuple[float, float, float, float, float]:
        own = os.times()
        return (
            processes.cpu_seconds(self._service) if self._service else 0.0,
            processes.cpu_seconds(self._database),
            own.user + own.system + own.children_user + own.children_system,
            processes.busy_seconds(),
            time.monotonic(),
        )

    def used(self, requests: int) -> Used:
        """Since the making. The load generator is a child of ours and must have ended."""
        spent = [b - a for a, b in zip(self._before, self._read(), strict=True)]
        service, database, ours, busy, seconds = spent
        # Other services of the measurement are idle; our own time includes the generator's.
        elsewhere = max(0.0, busy - service - database - ours) / seconds
        micro = 1e6 / max(1, requests)
        return Used(service * micro, database * micro, elsewhere)


def request_file(operation: Operation, blocks: int, directory: Path) -> Path:
    """The request file of an operation for a world; written anew, it is quick."""
    file = directory / "requests" / f"{operation.name}-{blocks}.tsv"
    file.parent.mkdir(parents=True, exist_ok=True)
    count = operation.count or LINES
    with file.open("w") as out:
        out.writelines(f"{line}\n" for line in islice(operation.lines(blocks), count))
    return file


def wrk(
    cluster: Cluster,
    url: str,
    pid: int,
    file: Path,
    operation: Operation,
    seconds: float,
    connections: int = CONNECTIONS,
) -> Figure:
    """Closed loop: each connection asks again as soon as it is answered."""
    command = [
        tools.wrk(),
        "--threads=1",
        "--timeout=10s",  # a slow answer is one: it counts in the latencies
        f"--connections={connections}",
        f"--duration={max(1, round(seconds))}s",
        f"--script={HERE / 'load' / 'requests.lua'}",
        url,
    ]
    environment = {"PATH": os.environ["PATH"], "REQUESTS": str(file)}
    if operation.once:
        environment["ONCE"] = "1"
    meter = Meter(cluster, pid)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = re.search(r"^\{.*\}$", done.stdout, re.MULTILINE)
    if done.returncode or found is None:
        raise LoadError(f"wrk failed: {done.stderr[-500:]}{done.stdout[-500:]}")
    said = json.loads(found.group())
    used = meter.used(said["requests"])
    if said["broken"] or (said["refused"] and not operation.refusals):
        raise LoadError(f"{operation.name}: {said['refused']} refused, {said['broken']} broken")
    return Figure(
        rate=said["requests"] * 1e6 / said["microseconds"],
        requests=said["requests"],
        service_cpu=used.service,
        database_cpu=used.database,
        elsewhere=used.elsewhere,
        p50=said["p50"],
        p99=said["p99"],
        maximum=said["max"],
        refused=said["refused"],
    )


@dataclass(frozen=True)
class Sql:
    """What pgbench runs: prepared statements, each a round trip, from one thread."""

    cluster: Cluster
    url: str
    script: Path
    clients: int
    defines: dict[str, int]


def _pgbench(what: Sql, seconds: float, *more: str) -> tuple[float, int]:
    """Runs it; transactions a second, and how many there were."""
    parts = urlsplit(what.url)
    command = [tools.pgbench(), "--no-vacuum", "--protocol=prepared", "--jobs=1", *more]
    command += [f"--client={what.clients}", f"--time={max(1, round(seconds))}"]
    defines = {"turn": 0, "clients": what.clients, **what.defines}
    command += [f"--define={name}={value}" for name, value in defines.items()]
    command += ["-h", str(parts.hostname), "-p", str(parts.port), "-U", str(parts.username)]
    command += [f"--file={what.script}", parts.path.strip("/")]
    environment = {"PATH": os.environ["PATH"], "PGPASSWORD": str(parts.password)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    rate = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    count = re.search(r"actually processed: (\d+)", done.stdout)
    if done.returncode or rate is None or count is None or "aborted" in done.stderr:
        raise LoadError(f"pgbench failed: {done.stderr[-800:]}{done.stdout[-300:]}")
    return float(rate.group(1)), int(count.group(1))


def pgbench(what: Sql, seconds: float) -> Figure:
    """Closed loop: each client sends the next when the one before is answered."""
    meter = Meter(what.cluster, None)
    rate, count = _pgbench(what, seconds)
    # Its backends end with it; the postmaster has counted them once it has buried them.
    time.sleep(0.2)
    used = meter.used(count)
    return Figure(
        rate=rate,
        requests=count,
        service_cpu=0.0,
        database_cpu=used.database,
        elsewhere=used.elsewhere,
    )


def paced_pgbench(what: Sql, rate: float, seconds: float) -> dict[str, float]:
    """Open loop, as `pace`, but at random moments: p50, p99, max in microseconds from when due."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "took"
        _pgbench(what, seconds, f"--rate={rate:.3f}", "--log", f"--log-prefix={log}")
        lines = [line for file in Path(directory).iterdir() for line in file.open()]
    took = sorted(int(line.split()[2]) for line in lines)
    at = {"p50": len(took) // 2, "p99": len(took) * 99 // 100, "max": len(took) - 1}
    return {"asked": rate, "requests": len(took), **{name: took[n] for name, n in at.items()}}


def pace(
    url: str,
    file: Path,
    operation: Operation,
    directory: Path,
    rate: float,
    seconds: float,
    moments: Path | None = None,
) -> dict[str, float]:
    """Open loop: requests come at a constant rate, each measured from when it was due. `moments`
    gets a line for each: when it was due and when it ended, in microseconds of time.monotonic.

    Returns p50, p90, p99, p999 and max in microseconds, the rate asked for and the one reached.
    """
    command = [str(tools.compiled("pace", directory)), str(urlsplit(url).port), str(file)]
    command += [f"{rate:.3f}", f"{seconds:.3f}", str(PACED_CONNECTIONS)]
    command += [str(moments)] if moments else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadError(f"{operation.name} at {rate:.0f}/s: {done.stderr.strip()}")
    said: dict[str, float] = json.loads(done.stdout)
    if said["refused"] and not operation.refusals:
        raise LoadError(f"{operation.name} at {rate:.0f}/s: {said['refused']:.0f} refused")
    reached = said["requests"] * 1e6 / said["microseconds"]
    return {"asked": rate, "reached": reached, **said}


def alone(directory: Path, micro: float, seconds: float, share: float) -> dict[str, float]:
    """A loop that does a piece of so many microseconds at a share of its own peak rate: p50, p99
    and max of a machine that nothing of ours asks for anything."""
    command = [str(tools.compiled("alone", directory)), f"{micro:.1f}", f"{seconds:.3f}"]
    done = subprocess.run([*command, str(share)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadError(f"alone failed: {done.stderr.strip()}")
    said: dict[str, float] = json.loads(done.stdout)
    return said

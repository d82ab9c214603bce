"""Who takes part in a measurement, side by side: each is a function that runs one turn.

service     Kollegium as in production
limit       pgbench, the service's own statements one by one under the same policies
where       pgbench, no policies: the token looked up once, the company in hand-written filters
filters     Kollegium on the copy without policies, filters in its SQL
orm         FastAPI with SQLAlchemy's ORM on that copy (bench/peers/orm)
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import loads, operations, services, world
from bench.cluster import Cluster
from bench.loads import Figure
from bench.operations import Operation
from bench.variant import filtered

Turn = Callable[[float], Figure]  # seconds of one turn

HERE = Path(__file__).resolve().parent
UNGUARDED = "_unguarded"
COMPANY = "(select app.current_company_id())"
# What a service without policies does first: who is this?
LOOK_UP = (
    "select c.company_id as company from app_private.bearer b"
    " join app.colleague c on c.id = b.colleague_id and c.active"
    " join app.company co on co.id = c.company_id and co.state = 'active'"
    f" where b.token_sha256 = sha256(convert_to({operations.TOKEN}, 'UTF8'))"
    " and b.expires_at > now() \\gset"
)


async def copy_unguarded(cluster: Cluster, leads: int) -> None:
    """The copy of a world whose policies are off; nothing but the benchmark knows it."""
    name = world.database(leads)
    if name + UNGUARDED in await cluster.databases():
        return
    await cluster.create(name + UNGUARDED, template=name)
    async with cluster.connected(name + UNGUARDED) as connection:
        await connection.execute((HERE / "unguarded.sql").read_text("utf-8"))
        await connection.execute("vacuum (analyze)")
        await connection.execute("checkpoint")
    await cluster.complete(name + UNGUARDED)


async def forget(cluster: Cluster, database: str) -> None:
    """Undoes what a turn wrote, and takes the rubbish out before the next.

    A load that ended leaves requests under way: they are waited for, and one snapshot is undone.
    """
    async with cluster.connected(database) as connection:
        while await connection.fetchval(  # noqa: ASYNC110 - it is another process that ends
            "select true from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and state <> 'idle' limit 1"
        ):
            await asyncio.sleep(0.05)
        async with connection.transaction(isolation="repeatable_read"):
            await connection.execute((HERE / "forget.sql").read_text("utf-8"))
        await connection.execute("vacuum")


Statements = list[tuple[str, list[str | None]]]


def statements(batches: list[Statements]) -> Statements:
    """What was sent, without the words that begin and end a transaction."""
    words = ("begin", "commit")
    return [(sql, values) for batch in batches for sql, values in batch if sql not in words]


def limit_script(operation: Operation, sent: Statements) -> str:
    """begin, enter, what the operation needs, commit: a round trip each."""
    return operations.script(operation, [("begin", []), *sent, ("commit", [])])


def where_script(operation: Operation, sent: Statements) -> str:
    """The same without policies: the company is a value, and where none stood a filter stands."""
    enters = [pair for pair in sent if "app.enter" in pair[0]]
    rest = [(filtered(sql), values) for sql, values in sent if "app.enter" not in sql]
    if operation.writes:  # their functions ask who calls
        return operations.script(operation, [("begin", []), *enters, *rest, ("commit", [])])
    text = operations.script(operation, [("begin", []), *rest, ("commit", [])])
    begin, end = text.split("begin;\n")
    return f"{begin}begin;\n{LOOK_UP}\n{end.replace(COMPANY, ':company::uuid')}"


@contextlib.contextmanager
def prepared(
    cluster: Cluster, leads: int, operation: Operation, directory: Path, who: list[str]
) -> Iterator[dict[str, Turn]]:
    """The contestants for an operation on a world, started and ready."""
    guarded, blocks = world.database(leads), leads // world.BLOCK
    file = loads.request_file(operation, blocks, directory)
    first, last = operations.window(blocks)
    turns: dict[str, Turn] = {}
    with contextlib.ExitStack() as stack:
        if {"limit", "where"} & set(who):
            sent = statements(services.recorded(cluster, guarded, directory, [operation.sample])[0])
            for name, make, database, role in (
                ("limit", limit_script, guarded, "kollegium_api"),
                ("where", where_script, guarded + UNGUARDED, "bench_peer"),
            ):
                script = directory / "requests" / f"{operation.name}-{name}.pgbench"
                script.write_text(make(operation, sent))
                turns[name] = _sql(cluster, cluster.url(database, role), script, first, last)
        for name, kind in (("service", "service"), ("filters", "unguarded"), ("orm", "orm")):
            if name in who:
                database = guarded if name == "service" else guarded + UNGUARDED
                running = stack.enter_context(services.started(kind, cluster, database, directory))
                turns[name] = _http(cluster, running, file, operation)
        yield turns


def _sql(cluster: Cluster, url: str, script: Path, first: int, last: int) -> Turn:
    def turn(seconds: float) -> Figure:
        return loads.pgbench(cluster, url, script, seconds, first=first, last=last)

    return turn


def _http(cluster: Cluster, running: services.Running, file: Path, operation: Operation) -> Turn:
    def turn(seconds: float) -> Figure:
        return loads.wrk(cluster, running.url, running.pid, file, operation, seconds)

    return turn

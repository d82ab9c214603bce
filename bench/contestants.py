"""Who takes part in a measurement, side by side: each is a function that runs one turn.

service     Kollegium as in production
before      the same of an earlier commit, on a world of its own (`--before`)
limit       pgbench, the service's own statements one by one under the same policies
pipeline    the same in one pipeline: sent together, answered together
where       pgbench, no policies: the token looked up once, the company in hand-written filters
filters     Kollegium on the copy without policies, filters in its SQL
orm         FastAPI with SQLAlchemy's ORM on that copy (bench/peers/orm)
django      Django with REST framework under the service's own policies (bench/peers/django)
bare        an ASGI application of one line, for what the server costs on this machine
"""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import loads, operations, services, world
from bench.before import Before
from bench.cluster import Cluster
from bench.loads import Figure
from bench.operations import Operation
from bench.variant import ONE_LEAD, filtered
from service.database import schema

Turn = Callable[[float], Figure]  # seconds of one turn
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Contestant:
    """Who takes turns, on which database, and the service that runs, if it is one. `paced` takes
    requests a second and seconds, and returns latencies."""

    turn: Turn
    paced: Callable[[float, float], dict[str, float]]
    database: str
    running: services.Running | None = None
    here: Path = HERE  # its code of the benchmark

    def forget(self, cluster: Cluster) -> None:
        """Undoes what its turn wrote."""
        undo(cluster, self.database, self.here)


UNGUARDED = "_unguarded"
COMPANY = "(select app.current_company_id())"
# What a service without policies does first: who is this?
LOOK_UP = (
    "select b.company_id as company from app_private.bearer b"
    f" where b.token_sha256 = sha256(convert_to({operations.TOKEN}, 'UTF8'))"
    " and b.active and b.company_state = 'active' and b.expires_at > now() \\gset"
)


async def bring_to_head(cluster: Cluster, leads: int) -> None:
    """Migrates a world that an earlier revision of the code built; its copy is made anew."""
    name = world.database(leads)
    if await world.bring_to_head(cluster, name):
        await cluster.drop(name + UNGUARDED)


async def drop_unfit(cluster: Cluster, leads: int) -> None:
    """Removes a world, and its copy, that another state of the unreleased revision built: no
    migration leads from there."""
    name = world.database(leads)
    if name not in await cluster.databases():
        return
    async with cluster.connected(name) as connection:
        built = await schema.built_from(connection)
    if built is None or schema.unfit(built):
        await cluster.drop(name + UNGUARDED)
        await cluster.drop(name)


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


# What the measured operations write to.
WRITTEN = (
    *(f"app.{table}" for table in (*world.BIG, "disclosure")),
    "app_private.bearer",
)


async def forget(cluster: Cluster, database: str, here: Path = HERE) -> None:
    """Undoes what a turn wrote, and takes the rubbish out before the next.

    A load that ended leaves requests under way, in the service too: they are waited for, and one
    snapshot is undone. `here`: whose forget.sql.
    """
    async with cluster.connected(database) as connection:
        quiet = 0
        while quiet < 4:
            await asyncio.sleep(0.05)
            busy = await connection.fetchval(
                "select true from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid() and state <> 'idle' limit 1"
            )
            quiet = 0 if busy else quiet + 1
        async with connection.transaction(isolation="repeatable_read"):
            await connection.execute((here / "forget.sql").read_text("utf-8"))
        await connection.execute(f"vacuum {', '.join(WRITTEN)}")


def undo(cluster: Cluster, database: str, here: Path = HERE) -> None:
    """The same, from outside of a loop."""
    asyncio.run(forget(cluster, database, here))


Statements = list[tuple[str, list[str | None]]]


def statements(batches: list[Statements]) -> Statements:
    """What was sent, without the words that begin and end a transaction."""
    words = ("begin", "commit")
    return [(sql, values) for batch in batches for sql, values in batch if sql not in words]


def pipeline_script(operation: Operation, sent: Statements) -> str:
    """What the limit sends, in one pipeline."""
    start, begin, rest = limit_script(operation, sent).partition("begin;\n")
    return f"{start}\\startpipeline\n{begin}{rest}\\endpipeline\n"


def limit_script(operation: Operation, sent: Statements) -> str:
    """begin, enter, what the operation needs, commit: a round trip each."""
    return operations.script(operation, [("begin", []), *sent, ("commit", [])])


def where_script(operation: Operation, sent: Statements) -> str:
    """The same without policies: the company is a value, and where none stood a filter stands."""
    if operation.name in ("get", "pick") and not any(ONE_LEAD in sql for sql, _ in sent):
        raise RuntimeError(
            "the service reads one lead with another statement than bench/variant.py knows: the"
            " copy without policies would lack its filter"
        )
    enters = [pair for pair in sent if "app.enter" in pair[0]]
    rest = [(filtered(sql), values) for sql, values in sent if "app.enter" not in sql]
    if operation.writes:  # their functions ask who calls
        return operations.script(operation, [("begin", []), *enters, *rest, ("commit", [])])
    text = operations.script(operation, [("begin", []), *rest, ("commit", [])])
    begin, end = text.split("begin;\n")
    return f"{begin}begin;\n{LOOK_UP}\n{end.replace(COMPANY, ':company::uuid')}"


# The service's work for a pick as one call.
ATTEMPT = """
create schema if not exists bench;
create or replace function bench.attempt(p_token text, p_marketplace uuid, p_lead uuid)
returns json language plpgsql as $$
begin
  perform app.enter_to_write(p_token);
  return app.attempt_pick(p_marketplace, p_lead);
end
$$;
grant usage on schema bench to kollegium_api;
grant execute on function bench.attempt(text, uuid, uuid) to kollegium_api;
"""


@contextlib.contextmanager
def prepared(
    cluster: Cluster,
    leads: int,
    operation: Operation,
    directory: Path,
    who: Iterable[str],
    before: Before | None = None,
) -> Iterator[dict[str, Contestant]]:
    """The contestants for an operation on a world, started and ready, in the order of `who`;
    before: the commit that `before` is."""
    name, blocks = world.database(leads), leads // world.BLOCK
    file = loads.request_file(operation, blocks, directory)
    sent: Statements = []
    if {"limit", "pipeline", "where"} & set(who):
        sent = statements(services.recorded(cluster, name, directory, [operation.sample])[0])
    if operation.writes:  # a run that was killed may have left something behind, too
        for database in {_database(name, each) for each in who if each != "before"}:
            asyncio.run(forget(cluster, database))
    found: dict[str, Contestant] = {}
    with contextlib.ExitStack() as stack:
        for each in who:
            database = _database(name, each)
            if each == "before":
                if before is None:
                    raise RuntimeError("before which commit?")
                found[each] = stack.enter_context(earlier(cluster, name, file, operation, before))
            elif each in HTTP:
                found[each] = stack.enter_context(
                    _speaking(HTTP[each], cluster, database, directory, file, operation)
                )
            else:
                text = _script(cluster, each, database, operation, sent)
                script = directory / "requests" / f"{operation.name}-{each}.pgbench"
                script.write_text(text)
                role = "bench_peer" if each == "where" else "kollegium_api"
                clients = 10 if each == "attempts-10" else operation.connections or loads.CLIENTS
                first, last = operations.window(blocks)
                sql = loads.Sql(
                    *(cluster, cluster.url(database, role), script, clients),
                    {"first": first, "last": last},
                )
                turn = functools.partial(loads.pgbench, sql)
                paced = functools.partial(loads.paced_pgbench, sql)
                found[each] = Contestant(turn, paced, database)
        yield found


@contextlib.contextmanager
def _speaking(
    kind: str, cluster: Cluster, database: str, directory: Path, file: Path, operation: Operation,
    here: Path = HERE,
) -> Iterator[Contestant]:  # fmt: skip
    """A contestant that speaks HTTP, started; `here`: the benchmark of its source tree."""
    with services.started(kind, cluster, database, directory, root=here.parent) as running:
        refuse_open_door(running, operation)
        turn = http(cluster, running, file, operation)
        paced = functools.partial(loads.pace, running.url, file, operation, directory)
        yield Contestant(turn, paced, database, running, here)


@contextlib.contextmanager
def earlier(
    cluster: Cluster, name: str, file: Path, operation: Operation, before: Before
) -> Iterator[Contestant]:
    """The service of an earlier commit on its world."""
    database, here = before.database(name), before.root / "bench"
    if operation.writes:
        asyncio.run(forget(cluster, database, here))
    place = before.root / ".bench"
    with _speaking("service", cluster, database, place, file, operation, here) as found:
        yield found


def _database(name: str, who: str) -> str:
    return name + (UNGUARDED if who in ("where", "filters", "orm") else "")


def refuse_open_door(service: services.Running, operation: Operation) -> None:
    """Whoever serves, with policies or filters, must show a lead to its taker and nobody else."""
    if operation.name != "get" or service.kind == "bare":
        return
    own, taker = operation.sample, world.engaged_taker(7, 0, 6) * 5
    foreign = own.replace(world.token(taker), world.token(9999))
    answers = services.ask(service.url, own)[0], services.ask(service.url, foreign)[0]
    if answers != (200, 404):
        raise RuntimeError(f"{service.kind} answers {answers} to a taker and to a stranger")


HTTP = {
    "service": "service",
    "filters": "unguarded",
    "orm": "orm",
    "django": "django",
    "bare": "bare",
}


def _script(
    cluster: Cluster, who: str, database: str, operation: Operation, sent: Statements
) -> str:
    if who == "limit":
        return limit_script(operation, sent)
    if who == "pipeline":
        return pipeline_script(operation, sent)
    if who == "where":
        return where_script(operation, sent)

    async def helper() -> None:
        async with cluster.connected(database) as connection:
            await connection.execute(ATTEMPT)

    asyncio.run(helper())
    call = f"select bench.attempt({operations.TOKEN}, $1, $2)"
    values: list[str | None] = [world.uid(3, 0), world.uid(4, world.CONTESTED)]
    known = {world.uid(3, 0): f"'{world.uid(3, 0)}'", values[1] or "": operations.LEAD["l"]}
    return f"{operation.variables.strip()}\n{operations.bound(call, values, known)};\n"


def http(cluster: Cluster, running: services.Running, file: Path, operation: Operation) -> Turn:
    connections = operation.connections or loads.CONNECTIONS

    def turn(seconds: float) -> Figure:
        return loads.wrk(cluster, running.url, running.pid, file, operation, seconds, connections)

    return turn

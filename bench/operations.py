"""What is asked for: each operation as lines of a request file and as a script for pgbench.

Both draw from the same set: the newest leads of the world, at most WINDOW blocks of them, so that
worlds of different sizes are asked about the same number of rows. The statements of the script are
those that the service itself sends (`services.recorded`); here stand the variables they run with.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import world

WINDOW = 20  # blocks: 20,000 engaged and 20,000 offered leads
LINES = 20_000
SEED = 20261125


@dataclass(frozen=True)
class Operation:
    """An operation to measure. `lines(blocks)` are its requests, without end where it writes.

    `variables` are pgbench's \\set lines; `values` maps texts that a recorded statement was bound
    to to an SQL expression of these variables. `sample` is the request that is recorded.
    """

    name: str
    title: str
    writes: bool
    lines: Callable[[int], Iterator[str]]
    sample: str
    variables: str
    values: dict[str, str]
    refusals: bool = False  # answers of 4xx are part of it
    once: bool = False  # a request that was made cannot be made again
    contestants: tuple[str, ...] = ("service", "limit", "where", "filters")
    connections: int | None = None  # when not what is best for one worker
    count: int | None = None  # lines of the request file, when not LINES
    beside_before: bool = True  # whether the service of an earlier commit takes part (`--before`)


def _id(kind: int, variable: str) -> str:
    return f"('01900000-0000-700{kind}-8000-' || lpad(:{variable}::text, 12, '0'))::uuid"


TOKEN = "'kgs_' || lpad(:colleague::text, 43, '0')"  # noqa: S105 - an expression
LEAD = {"m": _id(3, "m"), "l": _id(4, "n"), "token": TOKEN}
# A lead that its taker works, and one of the taker's colleagues.
ENGAGED = r"""
\set b random(:first, :last)
\set r random(5, 9)
\set m random(0, 199)
\set n (:b * 10 + :r) * 200 + :m
\set colleague (400 + :m % 25 + 25 * ((:b * 5 + :r - 5) % 32)) * 5 + random(0, 4)
"""
# The i-th attempt: one of 64 companies wants the contested lead; after 40 each the next of eight.
CONTESTED = r"""
\set i :turn * :clients + :client_id
\set turn :turn + 1
\set n 9000000000 + (:i / 2560) % 8
\set colleague (400 + 25 * (:i % 64)) * 5
"""
# The i-th offered lead, each for one client alone, and the first company it was offered to.
OFFERED = r"""
\set i :turn * :clients + :client_id
\set turn :turn + 1
\set m :i % 200
\set r (:i / 200) % 5
\set b :i / 1000
\set n (:b * 10 + :r) * 200 + :m
\set colleague (400 + :m % 25 + 25 * ((:b * 5 + :r) % 64)) * 5
"""


def window(blocks: int) -> tuple[int, int]:
    """First and last block of what is asked for."""
    return max(0, blocks - WINDOW), blocks - 1


def _line(method: str, path: str, colleague: int, key: str = "-", body: str = "-") -> str:
    return f"{method}\t{path}\t{world.token(colleague)}\t{key}\t{body}"


def _lead(m: int, n: int) -> str:
    return f"/marketplaces/{world.uid(3, m)}/leads/{world.uid(4, n)}"


def _engaged(blocks: int, seed: int) -> Iterator[tuple[str, int]]:
    """Path of an engaged lead and a colleague of its taker, at random, without end."""
    draw = random.Random(seed)  # noqa: S311 - repeatable on purpose
    first, last = window(blocks)
    while True:
        m, b, r = draw.randrange(200), draw.randint(first, last), draw.randint(5, 9)
        colleague = world.engaged_taker(m, b, r) * 5 + draw.randrange(5)
        yield _lead(m, world.number(m, b, r)), colleague


def get_lines(blocks: int) -> Iterator[str]:
    """GET of an engaged lead with its prospect."""
    for path, colleague in _engaged(blocks, SEED):
        yield _line("GET", path, colleague)


def message_lines(blocks: int) -> Iterator[str]:
    """A message each, each with a key of its own."""
    for turn, (path, colleague) in enumerate(_engaged(blocks, SEED + 1)):
        yield _line("POST", f"{path}/messages", colleague, f"bench-{turn:09d}", MESSAGE)


def list_lines(blocks: int) -> Iterator[str]:
    """My leads, of the 800 takers that work leads."""
    draw = random.Random(SEED + 2)  # noqa: S311
    while True:
        yield _line("GET", "/leads?limit=20", draw.randrange(400 * 5, 1200 * 5))


def offers_lines(blocks: int) -> Iterator[str]:
    """My open offers, of all takers."""
    draw = random.Random(SEED + 3)  # noqa: S311
    while True:
        yield _line("GET", "/offers?state=open&limit=20", draw.randrange(400 * 5, 2000 * 5))


def pick_lines(blocks: int) -> Iterator[str]:
    """Each offered lead once, by the first company it was offered to."""
    for i in range(blocks * 1000):
        m, r, b = i % 200, (i // 200) % 5, i // 1000
        colleague = world.offered_taker(m, b, r) * 5
        yield _line("POST", f"{_lead(m, world.number(m, b, r))}/pick", colleague)


def contested_lines(blocks: int) -> Iterator[str]:
    """64 companies want one lead, forty times over; then they want the next of eight."""
    while True:
        for which in range(8):
            for turn in range(40 * 64):
                colleague = (400 + 25 * (turn % 64)) * 5
                path = f"{_lead(0, world.CONTESTED + which)}/pick"
                yield _line("POST", path, colleague)


def log_in_lines(blocks: int) -> Iterator[str]:
    """A hundred colleagues with passwords of their own, in turn."""
    while True:
        for colleague in range(0, world.LOG_INS * 100, 100):
            body = (
                f'{{"email":"kollege{colleague}@bench.example",'
                f'"password":"{world.password(colleague)}"}}'
            )
            yield f"POST\t/sessions\t-\t-\t{body}"


WITH_PEER = ("service", "limit", "where", "filters", "orm")
MESSAGE = '{"text":"Bitte um R\\u00fcckruf bis Freitag."}'
_SAMPLE_ENGAGED = _lead(7, world.number(7, 0, 6)), world.engaged_taker(7, 0, 6) * 5
_SAMPLE_OFFERED = _lead(7, world.number(7, 0, 2)), world.offered_taker(7, 0, 2) * 5
_SAMPLE_LIST = 500 * 5


def _known(m: int, n: int, colleague: int) -> dict[str, str]:
    """The texts of a sample, and the expressions that stand for them."""
    return {world.uid(3, m): LEAD["m"], world.uid(4, n): LEAD["l"], world.token(colleague): TOKEN}


OPERATIONS = {
    op.name: op
    for op in (
        Operation(
            "get",
            "get a lead with its prospect",
            False,
            get_lines,
            _line("GET", *_SAMPLE_ENGAGED),
            ENGAGED,
            _known(7, world.number(7, 0, 6), _SAMPLE_ENGAGED[1]),
            contestants=(*WITH_PEER, "django", "pipeline", "bare"),
        ),
        Operation(
            "list",
            "list my leads (20)",
            False,
            list_lines,
            _line("GET", "/leads?limit=20", _SAMPLE_LIST),
            "\\set colleague random(2000, 5999)",
            {world.token(_SAMPLE_LIST): TOKEN},
            contestants=(*WITH_PEER, "django"),
        ),
        Operation(
            "offers",
            "list open offers (20)",
            False,
            offers_lines,
            _line("GET", "/offers?state=open&limit=20", _SAMPLE_LIST),
            "\\set colleague random(2000, 9999)",
            {world.token(_SAMPLE_LIST): TOKEN, "open": "'open'"},
            contestants=WITH_PEER,
        ),
        Operation(
            "pick",
            "pick, own lead each",
            True,
            pick_lines,
            _line("POST", f"{_SAMPLE_OFFERED[0]}/pick", _SAMPLE_OFFERED[1]),
            OFFERED,
            _known(7, world.number(7, 0, 2), _SAMPLE_OFFERED[1]),
            once=True,
            count=40_000,
            contestants=WITH_PEER,
        ),
        Operation(
            "contested",
            "pick, 64 clients on one lead",
            True,
            contested_lines,
            "",
            CONTESTED,
            {},
            refusals=True,
            beside_before=False,
            contestants=("service", "attempts", "attempts-10"),
            connections=64,
        ),
        Operation(
            "message",
            "post a message with an idempotency key",
            True,
            message_lines,
            _line(
                "POST", f"{_SAMPLE_ENGAGED[0]}/messages", _SAMPLE_ENGAGED[1], "bench-key", MESSAGE
            ),
            ENGAGED + "\\set key random(1, 9000000000000000000)",
            _known(7, world.number(7, 0, 6), _SAMPLE_ENGAGED[1])
            | {"bench-key": "'bench-' || :key::text"},
            once=True,
            count=40_000,
        ),
        Operation(
            "log-in",
            "log in (Argon2id)",
            True,
            log_in_lines,
            "",
            "",
            {},
            beside_before=False,
            contestants=("service",),
        ),
    )
}


def script(operation: Operation, statements: list[tuple[str, list[str | None]]]) -> str:
    """A pgbench script: every statement a round trip of its own, as drivers send them."""
    lines = [operation.variables.strip()]
    for sql, values in statements:
        # One line for each statement: pgbench reads a command of its own from a backslash.
        lines.append(bound(sql, values, operation.values).replace("\n", " ") + ";")
    return "\n".join(lines) + "\n"


def bound(sql: str, values: list[str | None], known: dict[str, str]) -> str:
    """The statement with each $n replaced by the expression for its value."""

    def expression(match: re.Match[str]) -> str:
        value = values[int(match.group(1)) - 1]
        if value is None:
            return "null"
        return known.get(value) or "'" + value.replace("'", "''") + "'"

    return re.sub(r"\$(\d+)", expression, sql)

"""Variants of the service that only the benchmark starts: `python -m bench.variant NAME …`.

`unguarded` serves a copy of a world without policies (`unguarded.sql`): statements that relied on a
policy get the filter that it stood for. `record` writes the statements of each batch to a file, so
that pgbench can be given exactly what the service sends. What follows the name goes to
`kollegium serve`; everything else is the service as it is.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import msgspec

from service.commands.serve import serve
from service.database.wire import Connection, messages
from service.database.wire.protocol import Texts

# The one statement of the measured operations that names no company of its own.
ONE_LEAD = "WHERE l.marketplace_id = $1::UUID AND l.id = $2::UUID"
PARTY = " and (select app.current_company_id()) = any (l.parties)"


def filtered(sql: str) -> str:
    """The statement with the filter that the policy of `app.lead` is in the guarded database."""
    return sql.replace(ONE_LEAD, ONE_LEAD + PARTY)


def unguard() -> None:
    """Filters are put in when a statement is prepared, so they cost the service nothing."""
    parse = messages.parse
    patch.object(messages, "parse", lambda name, sql: parse(name, filtered(sql))).start()


def record(file: str) -> None:
    """One line of JSON a batch: [[statement, [value, …]], …], values as text."""
    send = Connection._send

    def noted(self: Connection, batches: Sequence[tuple[Texts, Any]]) -> None:
        with open(file, "ab") as out:
            for statements, _ in batches:
                line = [[sql, [_text(value) for value in values]] for sql, values in statements]
                out.write(msgspec.json.encode(line) + b"\n")
        send(self, batches)

    Connection._send = noted  # type: ignore[method-assign]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def main() -> None:
    """Patches, then serves."""
    name, *arguments = sys.argv[1:]
    if name == "unguarded":
        unguard()
    elif name == "record":
        record(os.environ["BENCH_RECORD"])
    else:
        raise SystemExit(f"no variant {name}")
    serve.main(args=arguments, prog_name="kollegium serve")


if __name__ == "__main__":
    main()

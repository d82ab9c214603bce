"""A small PostgreSQL client that sends a transaction in one write.

Drivers wait for each statement, and of a short request most time goes into those waits. Here a
*batch* of statements goes out together, is one transaction, and comes back together. It holds what
the web tier needs and no more: SCRAM-SHA-256, TLS, prepared statements, time limits, cancellation,
a pool. There is no zoo of types: parameters travel as text, and statements that return something
return one column of JSON (docs/decisions/0011-own-wire-client.md).

`messages.py` bytes of the protocol · `protocol.py` what the server says, and to whom · `login.py`
start-up, TLS and SCRAM · `connection.py` batches, one at a time or several in a line · `pool.py`
connections on loan · `places.py` whose they are · `lanes.py` reads that share one.
"""

from service.database.wire.connection import Connection, Statement
from service.database.wire.errors import ConnectionLost, PoolExhausted, PostgresError
from service.database.wire.lanes import Lane, Lanes
from service.database.wire.parameters import Json
from service.database.wire.places import Share
from service.database.wire.pool import Pool

__all__ = [
    "Connection",
    "ConnectionLost",
    "Json",
    "Lane",
    "Lanes",
    "Pool",
    "PoolExhausted",
    "PostgresError",
    "Share",
    "Statement",
]

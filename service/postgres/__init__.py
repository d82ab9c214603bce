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

from service.postgres.connection import Connection, Statement
from service.postgres.errors import ConnectionLost, PoolExhausted, PostgresError
from service.postgres.lanes import Lane, Lanes
from service.postgres.parameters import Json
from service.postgres.places import Share
from service.postgres.pool import Pool

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

"""Kollegium: colleagues of a company share leads, and the database guarantees who sees what.

The path of a request, one room after the other:

1. `web/edge.py` (ASGI): request id, log line, metrics, HEAD, strict bytes (size, UTF-8, NUL,
   depth).
2. Litestar routes it to a handler in `domain/<room>/http.py`, which parses and makes one call.
3. `web/calls.py` opens the transaction through `database/transaction.py`: begin,
   `app.enter_to_write(token)`, operation, commit; `retries.py` says when it begins again. Nothing
   else sets the tenant context, and nothing names a company. `wire/` sends what belongs together in
   one write.
4. `operations.py` says what is done, `queries.py` what is read; PostgreSQL decides who sees and may
   change what (`sql/policies`, `sql/functions`).
5. The answer leaves after the commit. For an Idempotency-Key it is encoded before, and kept in the
   same transaction; errors of any kind become problem documents in `web/problems.py`.
"""

"""What can go wrong between this process and PostgreSQL."""


class PostgresError(Exception):
    """An error that the server reported. Match `sqlstate` and `constraint`, never the text."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(f"{fields.get('C', '')} {fields.get('M', '')}")
        self.sqlstate = fields.get("C", "")
        self.constraint = fields.get("n", "")
        self.detail = fields.get("D", "")
        #: What the statements before it in its batch had returned.
        self.results: list[list[bytes | None]] = []


class ConnectionLost(Exception):
    """The connection ended before the answer; whether the batch took effect is not known."""


class PoolExhausted(Exception):
    """No connection became free in time."""

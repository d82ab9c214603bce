"""Bytes of the frontend/backend protocol, version 3.0 (PostgreSQL documentation, chapter 54)."""

# Message types of the server, as the numbers that a bytes object yields.
AUTHENTICATION = ord("R")
COMMAND_COMPLETE = ord("C")
DATA_ROW = ord("D")
EMPTY_QUERY = ord("I")
ERROR = ord("E")
READY = ord("Z")

# Transaction status in READY.
IDLE = b"I"

# Authentication requests.
OK, SASL, SASL_CONTINUE, SASL_FINAL = 0, 10, 11, 12

_PROTOCOL = b"\x00\x03\x00\x00"
_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


EXECUTE = _message(b"E", b"\0\0\0\0\0")
SYNC = _message(b"S", b"")
TERMINATE = _message(b"X", b"")
SSL_REQUEST = _SSL_REQUEST


def startup(parameters: dict[str, str]) -> bytes:
    """The first message: who wants which database, with which settings."""
    body = _PROTOCOL
    for name, value in parameters.items():
        body += name.encode() + b"\0" + value.encode() + b"\0"
    body += b"\0"
    return (len(body) + 4).to_bytes(4, "big") + body


def sasl(body: bytes, mechanism: bytes | None = None) -> bytes:
    """A SCRAM message; the first one names the mechanism."""
    if mechanism is not None:
        body = mechanism + b"\0" + len(body).to_bytes(4, "big") + body
    return _message(b"p", body)


def parse(name: bytes, sql: str) -> bytes:
    """Prepares a statement; the server infers the parameter types."""
    return _message(b"P", name + b"\0" + sql.encode() + b"\0\0\0")


def bind(name: bytes, values: list[bytes | None]) -> bytes:
    """Binds text parameters to the unnamed portal, results as text."""
    parts = [b"\0", name, b"\0\0\0", len(values).to_bytes(2, "big")]
    for value in values:
        if value is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            parts.append(len(value).to_bytes(4, "big"))
            parts.append(value)
    parts.append(b"\0\0")
    return _message(b"B", b"".join(parts))


def fields(body: bytes) -> dict[str, str]:
    """The fields of an error by their letters."""
    return {chr(part[0]): part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}

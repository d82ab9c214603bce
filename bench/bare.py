"""An ASGI application that knows one answer: what the server alone costs on this machine."""

from typing import Any

_BODY = b'{"answer":"' + b"x" * 1000 + b'"}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_BODY))]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The same to everybody, except that nobody is known to /me (which says that it is up)."""
    if scope["type"] != "http":
        return
    status = 401 if scope["path"] == "/me" else 200
    await send({"type": "http.response.start", "status": status, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})

"""Logs: one JSON object a line on stderr, without personal data.

Our own events name ids, routes and numbers. What comes from elsewhere may quote values:
PostgreSQL's DETAIL has key values, a decoder repeats its input. So exceptions are
logged as types and places in the code, never with their message, and of a library's text only the
first line is kept.
"""

import asyncio
import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from service.database.wire import PostgresError

_FRAMES = 12
_to_json = msgspec.json.Encoder(enc_hook=repr).encode

# Of the request that is being served; every line that is written meanwhile carries it.
request_id: ContextVar[bytes] = ContextVar("request_id", default=b"")


def _places(error: BaseException) -> list[str]:
    """Where it happened, innermost last."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-_FRAMES:]


def described(error: BaseException) -> list[dict[str, Any]]:
    """An exception and its causes: type, SQLSTATE, constraint, places; no messages."""
    chain: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(chain) < 5:
        found: dict[str, Any] = {"type": type(current).__name__, "at": _places(current)}
        if isinstance(current, PostgresError):
            found |= {"sqlstate": current.sqlstate, "constraint": current.constraint}
        elif isinstance(current, asyncpg.PostgresError):
            found["sqlstate"] = current.sqlstate
        chain.append(found)
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )
    return chain


def _exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replaces exc_info by its description."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    if isinstance(given, tuple):
        given = given[1]
    if isinstance(given, BaseException):
        event["exception"] = described(given)
    return event


def add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Names the request that is being served."""
    given = request_id.get()
    if given:
        event["request_id"] = given.decode()
    return event


def _first_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Later lines of a library's message are dumps of its objects."""
    event["event"] = str(event.get("event", "")).split("\n", 1)[0][:300]
    return event


def _line(_: WrappedLogger, __: str, event: EventDict) -> bytes:
    """One line of JSON."""
    try:
        return _to_json(event)
    except (TypeError, UnicodeError):  # an object as key, half a surrogate pair
        return json.dumps(event, default=repr, skipkeys=True).encode()


# What `configure` set up; a request is written past structlog as long as nobody changed it.
_ours: dict[str, Any] = {}
_turn: list[Any] = []  # a turn of which loop, and its lines
_info = structlog.get_logger()


def request(method: str, route: str, status: int, ms: float) -> None:
    """The line of a request that was served: what `log.info("request", …)` writes, put together by
    hand. Method and route are words of ours, and an id has no character that JSON escapes."""
    now = structlog.get_config()
    processors = now["processors"]
    written = _ours.get("logger")
    if (
        written is None
        or now["logger_factory"] is not _ours["factory"]
        or processors is not _ours["processors"]
        or processors[-1] is not _line
    ):
        _info.info("request", method=method, route=route, status=status, ms=ms)
        return
    at = datetime.now(UTC).isoformat()[:-6]
    line = (
        f'{{"method":"{method}","route":"{route}","status":{status},"ms":{ms},"event":"request",'
        f'"request_id":"{request_id.get().decode()}","level":"info","at":"{at}Z"}}'.encode()
    )
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # nobody's turn
        written.msg(line)
        return
    if _turn and _turn[0] is not loop:  # one that ended before it wrote
        _write(written)
    if not _turn:
        _turn.append(loop)
        loop.call_soon(_write, written)
    _turn.append(line)


def _write(written: Any) -> None:
    """The lines of one turn of the event loop, in one write."""
    if not _turn:
        return
    lines = b"\n".join(_turn[1:])
    _turn.clear()
    written.msg(lines)


def configure(level: str = "info") -> None:
    """Sets up structlog and the standard library's logging. Unknown levels mean info."""
    threshold = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    shared: list[structlog.typing.Processor] = [
        add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _exception,
    ]
    processors = [*shared, _line]
    factory = structlog.BytesLoggerFactory(file=sys.stderr.buffer)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    _ours.clear()
    if threshold <= logging.INFO:
        _ours.update(processors=processors, factory=factory, logger=factory())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name, _first_line],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            # _exception has described it; the formatter would append it with its message.
            keep_exc_info=False,
            keep_stack_info=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.INFO))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
    # It prints what is requested, with the client's address; the edge writes a line of its own.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.captureWarnings(True)

"""Answers to requests that take more than one transaction."""

from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

from litestar import Response

from service.database.transaction import Database, Tx
from service.web import problems
from service.web.answers import Answer
from service.web.calls import Call

T = TypeVar("T")
P = ParamSpec("P")


async def answer_in_parts(
    call: Call,
    finish: Callable[[Database, str, T], Awaitable[T | None]] | None,
    start: Callable[Concatenate[Tx, P], Awaitable[T]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Response[T]:
    """`start` notes down all there is to do; its answer is kept, so that whoever repeats the key
    hears of the same work. `finish`, where given, does as much as a request may; None: the work
    goes on without this request."""
    started: list[T] = []
    call.long = True

    async def note(tx: Tx) -> T:
        started.append(await start(tx, *args, **kwargs))
        return started[-1]

    answer = await call.answer(note)
    if finish is None or not started or answer.status_code != 202:
        return answer
    result = await finish(call.database, call.token, started[-1])
    if result is None:
        return answer
    done = call.reply(result)
    if call.key is not None and not await _replaced(call, call.key, done):
        return answer  # the one that a repeated request gets
    return done


async def _replaced(call: Call, key: str, answer: Answer[T]) -> bool:
    async def replace(tx: Tx) -> bool:
        return await tx.value(
            bool,
            "select app.replace_answer($1, $2, $3, $4, $5)",
            *(key, call.digest(), answer.status_code, answer.headers, answer.content.decode()),
        )

    try:
        return await call.database.run(call.token, replace)
    except Exception as error:
        problems.told(error, call.language)  # logged; the work is done and stays
        return False

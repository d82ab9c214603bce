"""Passwords are stretched in turn: a bounded queue in which nobody is behind what others try."""

import asyncio
from typing import Any

import httpx
import pytest

from service import identity
from service.errors import Problem
from service.turns import OWN, PER_KIND, PER_LANE, TurnLane, Turns
from tests.fixtures.http import from_address, log_in
from tests.fixtures.market import slug
from tests.fixtures.world import PASSWORD

ANNA, BEN = TurnLane(True, b"office anna"), TurnLane(True, b"office ben")
OFFICE, CAFE = TurnLane(False, b"office"), TurnLane(False, b"cafe")


async def order_of(turns: Turns, *lanes: TurnLane) -> list[TurnLane]:
    """In which order those get their turn that ask, one after the other, while somebody has it."""
    await turns.take(OWN)
    served: list[TurnLane] = []

    async def ask(lane: TurnLane) -> None:
        await turns.take(lane)
        served.append(lane)
        turns.end()

    asking = []
    for lane in lanes:
        asking.append(asyncio.create_task(ask(lane)))
        await asyncio.sleep(0)
    turns.end()
    await asyncio.gather(*asking)
    return served


async def test_a_known_pair_is_not_behind_what_its_address_tries() -> None:
    served = await order_of(Turns(1), *[OFFICE] * 60, ANNA)
    assert served.index(ANNA) == 0
    assert await order_of(Turns(1), *[OFFICE] * 60, OFFICE) == [OFFICE] * 61  # the control


async def test_addresses_take_turns_and_so_do_known_pairs() -> None:
    served = await order_of(Turns(1), OFFICE, OFFICE, OFFICE, CAFE, ANNA, ANNA, BEN)
    assert served == [ANNA, OFFICE, BEN, CAFE, ANNA, OFFICE, OFFICE]


async def test_one_of_several_turns_is_kept_for_known_pairs() -> None:
    """So a known pair begins at once, whatever strangers have under way; the rest is for all."""
    turns = Turns(3)
    strangers = [asyncio.create_task(turns.take(TurnLane(False, b"%d" % k))) for k in range(9)]
    await asyncio.sleep(0.01)
    assert [task.done() for task in strangers] == [True] * 2 + [False] * 7
    await asyncio.wait_for(turns.take(ANNA), 20)
    turns.end()  # Anna's: it is kept again
    await asyncio.sleep(0.01)
    assert not strangers[2].done()
    turns.end()  # a stranger's: the next one's
    await asyncio.wait_for(strangers[2], 20)
    for task in strangers:
        task.cancel()
    await asyncio.gather(*strangers, return_exceptions=True)
    alone = Turns(2)
    for known in (ANNA, BEN):
        await asyncio.wait_for(alone.take(known), 20)


async def test_the_queue_is_bounded() -> None:
    turns = Turns(2)
    for _ in range(2):
        await turns.take(OWN)
    waiting = [asyncio.create_task(turns.take(OFFICE)) for _ in range(PER_LANE)]
    await asyncio.sleep(0)
    with pytest.raises(Problem) as full:
        await turns.take(OFFICE)
    assert (full.value.slug, full.value.retry_after) == ("too-many-requests", 4)
    for k in range(PER_KIND - PER_LANE):
        waiting.append(asyncio.create_task(turns.take(TurnLane(False, b"%d" % k))))
    await asyncio.sleep(0)
    with pytest.raises(Problem) as full:
        await turns.take(CAFE)
    assert (full.value.slug, full.value.retry_after) == ("unavailable", 13)
    known = asyncio.create_task(turns.take(ANNA))  # what others try leaves him room
    await asyncio.sleep(0)
    turns.end()
    await asyncio.wait_for(known, 20)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_who_left_waits_no_longer() -> None:
    turns = Turns(1)
    await turns.take(OWN)
    left = asyncio.Event()

    async def gone() -> None:
        await left.wait()

    first = asyncio.create_task(turns.take(OFFICE, gone))
    second = asyncio.create_task(turns.take(OFFICE))
    await asyncio.sleep(0)
    left.set()
    with pytest.raises(Problem):
        await first
    turns.end()
    await asyncio.wait_for(second, 20)
    turns.end()
    await asyncio.wait_for(turns.take(OFFICE), 1)  # no turn was lost


async def test_a_turn_that_comes_with_the_cancellation_is_passed_on() -> None:
    turns = Turns(1)
    await turns.take(OWN)
    first = asyncio.create_task(turns.take(OFFICE))
    second = asyncio.create_task(turns.take(CAFE))
    await asyncio.sleep(0)
    turns.end()
    first.cancel()
    await asyncio.wait_for(second, 20)
    assert first.cancelled() or first.done()


class Watched(Turns):
    """Notes in which lanes log-ins asked for their turn, and how much was stretched when a known
    pair last did."""

    def __init__(self) -> None:
        super().__init__(1)
        self.asked: list[TurnLane] = []
        self.crowded = asyncio.Event()
        self.stretched: list[bytes] = []
        self.before = 0

    async def take(self, lane: TurnLane, gone: Any = None) -> None:
        self.asked.append(lane)
        if lane.known:
            self.before = len(self.stretched)
        if len(self.asked) == 150:
            self.crowded.set()
        await super().take(lane, gone)


async def test_a_right_log_in_passes_two_hundred_wrong_ones(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the address from which Anna logged in before; what it costs is one turn of somebody
    else's, and her own."""
    turns = Watched()
    monkeypatch.setattr(identity, "_turns", turns)
    await log_in(client, "anna@huber.example")  # now her address is known
    stretch = identity.stretch_now

    def noted(password: str, salt: bytes) -> bytes:
        turns.stretched.append(password.encode())
        return stretch(password, salt)

    monkeypatch.setattr(identity, "stretch_now", noted)
    wrong = [
        asyncio.create_task(
            client.post(
                "/sessions", json={"email": f"w{n}@huber.example", "password": f"falsch{n}"}
            )
        )
        for n in range(200)
    ]
    await asyncio.wait_for(turns.crowded.wait(), 30)
    await log_in(client, "anna@huber.example")
    assert turns.stretched.index(PASSWORD.encode()) - turns.before <= 2
    answers = await asyncio.gather(*wrong)
    assert {answer.status_code for answer in answers} == {401, 429}
    refused = [answer for answer in answers if answer.status_code == 429]
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    assert {lane.known for lane in turns.asked} == {True, False}


async def test_a_client_that_leaves_ends_its_wait(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Watched()
    monkeypatch.setattr(identity, "_turns", turns)
    await turns.take(OWN)
    messages = [
        {"type": "http.request", "body": b'{"email": "x@huber.example", "password": "falsch"}'},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": "/sessions", "raw_path": b"/sessions", "query_string": b"", "scheme": "http",
        "headers": [(b"host", b"kollegium.test"), (b"content-type", b"application/json"),
                    (b"content-length", b"50")],
        "client": ("192.0.2.77", 4000), "server": ("kollegium.test", 80), "root_path": "",
    }  # fmt: skip
    await asyncio.wait_for(service(scope, receive, send), 5)
    assert sent[0]["status"] == 400
    turns.end()
    async with from_address(service, "192.0.2.78") as elsewhere:  # the queue is empty again
        answer = await elsewhere.post(
            "/sessions", json={"email": "anna@huber.example", "password": "falsch"}
        )
        assert slug(answer) == "log-in-failed"

"""What the wire client reads may be cut and damaged anywhere: nobody waits for ever, and no answer
is made of another's bytes.

A long run: `KOLLEGIUM_FUZZ=200000 pytest tests/postgres/test_fuzz.py`; messages name the seed.
"""

import asyncio
import os
import random
from typing import Any, cast

import pytest

from service.database.wire.connection import Connection
from service.database.wire.errors import ConnectionLost, PostgresError
from service.database.wire.login import Address, Scram
from service.database.wire.protocol import Group, Protocol, Values

CASES = int(os.environ.get("KOLLEGIUM_FUZZ", "400"))


class Line:
    """A transport that goes nowhere."""

    def abort(self) -> None: ...

    def write(self, data: bytes) -> None: ...


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def row(value: bytes | None) -> bytes:
    length = b"\xff\xff\xff\xff" if value is None else len(value).to_bytes(4, "big")
    return message(b"D", b"\x00\x01" + length + (value or b""))


def group(dice: random.Random, name: str) -> tuple[int, bytes, Any]:
    """Statements, what the server says to them, and what whoever asked must hear."""
    statements = dice.randint(1, 3)
    said, expected = b"", []
    fails = dice.random() < 0.2
    for number in range(statements):
        if dice.random() < 0.3:
            said += message(b"1") + message(b"S", b"TimeZone\0UTC\0")
        said += message(b"2")
        if fails and number == statements - 1:
            said += row(b"half") * dice.randint(0, 1)
            said += message(b"E", b"SERROR\0C23505\0Mno\0\0") + message(b"Z", b"I")
            return statements, said, PostgresError
        rows = [
            None if dice.random() < 0.1 else f"{name}-{number}-{n}".encode() * dice.randint(1, 40)
            for n in range(dice.randint(0, 3))
        ]
        said += b"".join(map(row, rows)) + message(b"C", b"SELECT 1\0")
        expected.append(rows)
    return statements, said + message(b"Z", b"I"), expected


def conversation(dice: random.Random) -> tuple[Protocol, list[Group], list[Any], bytes]:
    protocol = Protocol()
    protocol.connection_made(cast("asyncio.BaseTransport", Line()))
    groups, expected, said = [], [], b""
    for number in range(dice.randint(1, 4)):
        statements, text, wanted = group(dice, f"tenant{number}")
        future: asyncio.Future[Values] = protocol.loop.create_future()
        groups.append(Group(future, statements))
        expected.append(wanted)
        said += text
    protocol.groups.extend(groups)
    return protocol, groups, expected, said


def feed(protocol: Protocol, dice: random.Random, said: bytes) -> None:
    """In parts, as a network may; an error ends the connection, as asyncio does."""
    at = 0
    try:
        while at < len(said) and not protocol.lost:
            size = dice.choice((1, 2, 5, 7, 60, 4096))
            protocol.data_received(said[at : at + size])
            at += size
    except Exception as error:
        protocol.connection_lost(error)


def heard(future: "asyncio.Future[Values]") -> Any:
    return type(future.exception()) if future.exception() else future.result()


async def test_answers_are_the_same_wherever_they_are_cut() -> None:
    for seed in range(CASES):
        dice = random.Random(seed)
        protocol, groups, expected, said = conversation(dice)
        feed(protocol, dice, said)
        assert [heard(one.answer) for one in groups] == expected, seed
        assert not protocol.lost


def damaged(dice: random.Random, said: bytes) -> bytes:
    text = bytearray(said)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(text))
        kind = dice.randrange(4)
        if kind == 0:
            text[at] = dice.randrange(256)
        elif kind == 1:
            del text[at : at + dice.randint(1, 12)]
        elif kind == 2:
            text[at:at] = dice.randbytes(dice.randint(1, 12))
        else:
            text[at : at + 4] = dice.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x03"))
        if not text:
            break
    return bytes(text)


async def test_damage_keeps_nobody_waiting() -> None:
    for seed in range(CASES):
        dice = random.Random(f"damage {seed}")
        protocol, groups, _, said = conversation(dice)
        feed(protocol, dice, damaged(dice, said))
        protocol.connection_lost(None)  # the server hangs up, or a time limit does
        for one in groups:
            assert one.answer.done(), seed
            answer = heard(one.answer)
            if isinstance(answer, type):
                assert issubclass(answer, ConnectionLost | PostgresError), (seed, answer)
                continue
            assert len(answer) == one.statements, seed


@pytest.mark.parametrize("length", [5, 40, 200, 2**31 - 1])
async def test_a_row_reads_no_further_than_its_message(length: int) -> None:
    """Its length may say what it likes: what follows is the next one's answer."""
    protocol = Protocol()
    protocol.connection_made(cast("asyncio.BaseTransport", Line()))
    groups = [Group(protocol.loop.create_future(), 1) for _ in range(2)]
    protocol.groups.extend(groups)
    lying = message(b"D", b"\x00\x01" + length.to_bytes(4, "big") + b"mine")
    rest = message(b"C", b"SELECT 1\0") + message(b"Z", b"I")
    try:
        protocol.data_received(lying + rest + row(b"another tenant's") + rest)
    except Exception as error:
        protocol.connection_lost(error)
    assert protocol.lost
    assert {heard(one.answer) for one in groups} == {ConnectionLost}


async def test_a_log_in_that_reads_nonsense_ends() -> None:
    """Requests of any kind and length: an error that is answered with 503, never another one."""
    where = Address("127.0.0.1", 1, "kollegium_api", "geheim", "x", None, {})
    for seed in range(CASES):
        dice = random.Random(f"log-in {seed}")
        protocol = Protocol()
        protocol.connection_made(cast("asyncio.BaseTransport", Line()))
        connection = Connection(where, protocol, named=True)
        task = asyncio.ensure_future(connection._log_in())
        for _ in range(4):
            await asyncio.sleep(0)
            feed(protocol, dice, request(dice))
        protocol.connection_lost(None)
        with pytest.raises((ConnectionLost, PostgresError)):
            await task


async def test_a_server_that_skips_its_proof_is_not_believed() -> None:
    """It asked for the password's proof and then says that all is well: anybody can say that."""
    where = Address("127.0.0.1", 1, "kollegium_api", "geheim", "x", None, {})
    protocol = Protocol()
    protocol.connection_made(cast("asyncio.BaseTransport", Line()))
    connection = Connection(where, protocol, named=True)
    task = asyncio.ensure_future(connection._log_in())
    await asyncio.sleep(0)
    protocol.data_received(message(b"R", b"\0\0\0\x0aSCRAM-SHA-256\0\0"))
    await asyncio.sleep(0)
    protocol.data_received(message(b"R", b"\0\0\0\0") + message(b"Z", b"I"))
    with pytest.raises(ConnectionLost):
        await task


def request(dice: random.Random) -> bytes:
    challenge = dice.choice(
        (b"", b"r=x,s=c2FsdA==,i=1", b"r=,s=!,i=x", b"\xff\xfe", b"v=AAAA", b"nothing", b"r=,i=1")
    )
    code = dice.choice((10, 11, 12, 3, 5, 2**31))
    body = code.to_bytes(4, "big") + dice.choice((challenge, b"SCRAM-SHA-256\0\0", b"MD5\0\0"))
    return dice.choice(
        (message(b"R", body), message(b"R", b""), message(b"Z", b"I"), message(b"E", b"C57P03\0"))
    )


@pytest.mark.parametrize("challenge", ["", "r=x", "r=x,s=!!,i=1", "r=x,s=AA==,i=many", "=,=", "r"])
def test_a_challenge_that_is_none_is_an_error_of_the_line(challenge: str) -> None:
    with pytest.raises(ConnectionLost):
        Scram("geheim").final(challenge)
    with pytest.raises(ConnectionLost):
        Scram("geheim").verify(challenge)

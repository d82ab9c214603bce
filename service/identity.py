"""Secrets: bearer tokens and passwords. What leaves this process is a hash or a stretched proof."""

import asyncio
import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from argon2.low_level import Type, hash_secret_raw

from service.turns import OWN, TurnLane, Turns

# 19 MiB, two passes, one lane: the smallest setting recommended for Argon2id that a log-in on two
# cores bears (41 ms). The number of stretches at once is bounded by the cores.
_MEMORY_KIB = 19 * 1024
_PASSES = 2
_CORES = os.cpu_count() or 1
_turns = Turns(_CORES)
_threads = ThreadPoolExecutor(_CORES, thread_name_prefix="stretch")


def new_token(prefix: str) -> str:
    """A token of 256 random bits; the prefix tells what it is (kgs_ session, kgk_ API key)."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def repeatable_token(prefix: str, bearer: str, key: str) -> str:
    """A token that this bearer alone makes again, from his own token and an Idempotency-Key: so a
    repeated request can be answered like the first although nobody kept the answer's secret."""
    digest = hmac.digest(bearer.encode(), f"{prefix} {key}".encode(), "sha256")
    return f"{prefix}_{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def signing_secret(token: str) -> str:
    """The same bits as receivers of webhooks know a secret (Standard Webhooks): after the prefix
    they read base64 with `+` and `/`, and some of them nothing else."""
    prefix, _, bits = token.partition("_")
    padding = "=" * (-len(bits) % 4)
    return f"{prefix}_{bits.replace('-', '+').replace('_', '/')}{padding}"


def new_salt() -> bytes:
    """16 random bytes."""
    return secrets.token_bytes(16)


def sha256(text: str) -> bytes:
    """What the database stores of a token."""
    return hashlib.sha256(text.encode()).digest()


def stretch_now(password: str, salt: bytes) -> bytes:
    """The proof of a password: 32 bytes of Argon2id. Takes about 40 ms of one core."""
    return hash_secret_raw(
        password.encode(),
        salt,
        time_cost=_PASSES,
        memory_cost=_MEMORY_KIB,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )


def stretch_as_before(password: str, salt: bytes, iterations: int) -> bytes:
    """The proof of a password of the former system: 32 bytes of PBKDF2 with HMAC-SHA-256."""
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)


async def stretch(
    password: str,
    salt: bytes,
    pbkdf2_iterations: int | None = None,
    *,
    lane: TurnLane = OWN,
    gone: Callable[[], Awaitable[None]] | None = None,
) -> bytes:
    """`stretch_now`, or `stretch_as_before` where iterations are given, in a thread, never more at
    once than there are cores and each lane in turn. Raises what `Turns.take` raises."""
    await _turns.take(lane, gone)
    if pbkdf2_iterations is None:
        work = _threads.submit(stretch_now, password, salt)
    else:
        work = _threads.submit(stretch_as_before, password, salt, pbkdf2_iterations)
    loop = asyncio.get_running_loop()

    def end(_: object) -> None:
        try:
            loop.call_soon_threadsafe(_turns.end)
        except RuntimeError:  # the loop is closed: nobody waits in it
            _turns.end()

    # When the work ends, and not the wait for it: a request that is cut off leaves its thread busy.
    work.add_done_callback(end)
    return await asyncio.wrap_future(work)


def fingerprint(password: str) -> bytes:
    """20 bits of a password: enough to see one password tried over many accounts, too few to
    tell which one it was."""
    digest = hashlib.sha256(b"spray\0" + password.encode()).digest()
    return (int.from_bytes(digest[:3], "big") >> 4).to_bytes(3, "big")

"""Secrets: bearer tokens and passwords. What leaves this process is a hash or a stretched proof."""

import asyncio
import hashlib
import os
import secrets

from argon2.low_level import Type, hash_secret_raw

# 19 MiB, two passes, one lane: the smallest setting recommended for Argon2id that a log-in on two
# cores bears (41 ms). The number of stretches at once is bounded by the cores.
_MEMORY_KIB = 19 * 1024
_PASSES = 2
_stretching = asyncio.Semaphore(os.cpu_count() or 1)


def new_token(prefix: str) -> str:
    """A token of 256 random bits; the prefix tells what it is (kgs_ session, kgk_ API key)."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


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


async def stretch(password: str, salt: bytes, pbkdf2_iterations: int | None = None) -> bytes:
    """`stretch_now`, or `stretch_as_before` where iterations are given, in a thread, never more at
    once than there are cores."""
    async with _stretching:
        if pbkdf2_iterations is not None:
            return await asyncio.to_thread(stretch_as_before, password, salt, pbkdf2_iterations)
        return await asyncio.to_thread(stretch_now, password, salt)


def fingerprint(password: str) -> bytes:
    """20 bits of a password: enough to see one password tried over many accounts, too few to
    tell which one it was."""
    digest = hashlib.sha256(b"spray\0" + password.encode()).digest()
    return (int.from_bytes(digest[:3], "big") >> 4).to_bytes(3, "big")

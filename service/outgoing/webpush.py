"""Web push: a message encrypted for one browser (RFC 8291, RFC 8188), from a sender that its push
service knows again (VAPID, RFC 8292).

The library pywebpush sends by an HTTP client of its own, past the check of addresses, and needs one
that is no wheel; what it does besides sending is these lines.
"""

import base64
import functools
import json
import os
import struct
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.settings import SettingMissing

_CURVE = ec.SECP256R1()
_RECORD = 4096  # of which a push service takes one
_TOKEN_SECONDS = 12 * 3600  # of at most a day


class KeyUnusable(ValueError):
    """What a browser gave for a key is no point of the curve."""


class Browser(NamedTuple):
    """Its public key and the secret that it shares with us, as it names them (base64url)."""

    p256dh: str
    auth: str


def new_key() -> str:
    """A private key for KOLLEGIUM_VAPID_KEY."""
    number = ec.generate_private_key(_CURVE).private_numbers().private_value
    return _text(number.to_bytes(32, "big"))


@functools.cache
def public_key(private: str) -> str:
    """The key that browsers are given. Raises SettingMissing for what is none of new_key's."""
    return _text(_point(_private(private).public_key()))


@functools.cache
def _private(private: str) -> ec.EllipticCurvePrivateKey:
    try:
        if len(raw := _bytes(private)) == 32:
            return ec.derive_private_key(int.from_bytes(raw, "big"), _CURVE)
    except (ValueError, UnsupportedAlgorithm):
        pass
    raise SettingMissing("KOLLEGIUM_VAPID_KEY is no key: make one by `kollegium vapid-key`.")


def authorization(private: str, origin: str, contact: str, now: float) -> str:
    """Who sends it, to that push service alone. `contact`: mailto: or https: of who runs this."""
    claims = {"aud": origin, "exp": int(now) + _TOKEN_SECONDS, "sub": contact}
    parts = ({"typ": "JWT", "alg": "ES256"}, claims)
    signed = ".".join(_text(json.dumps(part).encode()) for part in parts)
    signature = _private(private).sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
    both = b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(signature))
    return f"vapid t={signed}.{_text(both)}, k={public_key(private)}"


def encrypted(message: bytes, browser: Browser, *, key: bytes = b"", salt: bytes = b"") -> bytes:
    """The body of a push. `key` and `salt` are made anew each time, but for tests. Raises
    KeyUnusable."""
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, _bytes(browser.p256dh))
        secret = _bytes(browser.auth)
    except ValueError as error:
        raise KeyUnusable from error
    own = (
        ec.derive_private_key(int.from_bytes(key, "big"), _CURVE)
        if key
        else ec.generate_private_key(_CURVE)
    )
    salt = salt or os.urandom(16)
    public = _point(own.public_key())
    both = b"WebPush: info\0" + _point(theirs) + public
    shared = _derived(own.exchange(ec.ECDH(), theirs), secret, both, 32)
    content_key = _derived(shared, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(shared, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack("!IB", _RECORD, len(public)) + public
    return head + AESGCM(content_key).encrypt(nonce, message + b"\2", None)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")

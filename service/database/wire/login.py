"""Start-up of a connection: address, TLS as `sslmode` says, SCRAM-SHA-256."""

import base64
import hashlib
import hmac
import secrets
import ssl
from typing import NamedTuple

from service.database.urls import query_of, read
from service.database.wire.errors import ConnectionLost

_MECHANISM = b"SCRAM-SHA-256"
_OWN = frozenset({"host", "port", "sslmode", "sslrootcert"})


class Address(NamedTuple):
    """Where to connect, and as whom."""

    host: str
    port: int
    user: str
    password: str
    database: str
    tls: ssl.SSLContext | None
    settings: dict[str, str]

    @property
    def socket(self) -> str | None:
        """The path of a Unix socket, where the host is a directory."""
        return f"{self.host}/.s.PGSQL.{self.port}" if self.host.startswith("/") else None


def address(url: str) -> Address:
    """Reads `postgresql://user:password@host:port/database?sslmode=…&host=/socket/directory`.

    sslmode: disable (default), require (encrypted, peer not checked), verify-full (`sslrootcert`
    or the system's authorities). Raises ValueError for others. Whatever else the query names is a
    setting of the session, `role` for one.
    """
    found = read(url)
    query = query_of(found)
    user = found.username or ""
    return Address(
        query.get("host") or found.host or "127.0.0.1",
        found.port or int(query.get("port", "5432")),
        user,
        str(found.password or ""),
        found.database or user,
        _tls(query.get("sslmode", "disable"), query.get("sslrootcert")),
        {name: value for name, value in query.items() if name not in _OWN},
    )


def _tls(mode: str, authorities: str | None) -> ssl.SSLContext | None:
    if mode in ("disable", "allow", "prefer"):
        return None
    if mode not in ("require", "verify-full"):
        raise ValueError(f"sslmode={mode} is not supported; use require or verify-full")
    context = ssl.create_default_context(cafile=authorities)
    if mode == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class Scram:
    """One SCRAM-SHA-256 exchange (RFC 5802, 7677). It also proves the server to us."""

    def __init__(self, password: str) -> None:
        self._password = password.encode()
        self._bare = f"n=,r={base64.b64encode(secrets.token_bytes(18)).decode()}"
        self._server_signature = b""

    def first(self, mechanisms: bytes) -> tuple[bytes, bytes]:
        """Mechanism and first message. Raises ConnectionLost when the server offers no SCRAM."""
        if _MECHANISM not in mechanisms.split(b"\0"):
            raise ConnectionLost("the server offers no SCRAM-SHA-256")
        return _MECHANISM, f"n,,{self._bare}".encode()

    def final(self, challenge: str) -> bytes:
        """Answers the server's challenge."""
        values = dict(part.partition("=")[::2] for part in challenge.split(","))
        if not values.get("r", "").startswith(self._bare.partition(",r=")[2]):
            raise ConnectionLost("the server's nonce is not based on ours")
        try:
            salt, rounds = base64.b64decode(values["s"]), int(values["i"])
            salted = hashlib.pbkdf2_hmac("sha256", self._password, salt, rounds)
        except (KeyError, ValueError) as error:
            raise ConnectionLost("the server's challenge cannot be read") from error
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = f"c=biws,r={values['r']}"
        everything = f"{self._bare},{challenge},{without_proof}".encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), everything, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        self._server_signature = hmac.digest(server_key, everything, "sha256")
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def verify(self, last: str) -> None:
        """Raises ConnectionLost unless the server knows the password too."""
        given = base64.b64decode(last.partition("v=")[2] + "==")  # too much padding is none
        if not self._server_signature or not hmac.compare_digest(given, self._server_signature):
            raise ConnectionLost("the server did not prove that it knows the password")

"""A client for Kollegium: structs, methods, pages as iterators, retries that do nothing twice.

with Kollegium.log_in("https://kollegium.example", "ben@huber.example", password) as kollegium:
    for offer in kollegium.offers.list_offers(state="open"):
        kollegium.offers.pick(offer.marketplace_id, offer.lead_id)
"""

from types import TracebackType
from typing import Literal

import httpx

from kollegium_client import models
from kollegium_client.operations import Rooms, Sessions
from kollegium_client.problems import Problem
from kollegium_client.sending import Sending

__all__ = ["Kollegium", "Problem", "models"]


class Kollegium(Rooms):
    """The service, as a colleague's session or an API key sees it.

    token: of `POST /sessions` or an API key. language: of titles and details. patience: for how
    many seconds a request is tried again when the service is busy or away. http: an httpx client of
    your own, with its base_url, for proxies and certificates. Not for several threads at once.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        language: Literal["de", "en"] = "en",
        patience: float = 60.0,
        http: httpx.Client | None = None,
    ) -> None:
        self._http = http or httpx.Client(base_url=base_url, timeout=30.0)
        self._http.headers["Authorization"] = f"Bearer {token}"
        self._http.headers["Accept-Language"] = language
        super().__init__(Sending(self._http, patience))

    @classmethod
    def log_in(
        cls,
        base_url: str,
        email: str,
        password: str,
        *,
        language: Literal["de", "en"] = "en",
        patience: float = 60.0,
    ) -> "Kollegium":
        """Opens a session; leaving `with` ends it. Raises Problem log-in-failed."""
        with httpx.Client(base_url=base_url, timeout=30.0) as http:
            http.headers["Accept-Language"] = language
            opened = Sessions(Sending(http, patience)).log_in(
                models.LogIn(email=email, password=password)
            )
        if opened.token is None:  # only to a page that asked for a cookie
            raise TypeError("POST /sessions answered without a token")
        client = cls(base_url, opened.token, language=language, patience=patience)
        client._ends_session = True
        return client

    _ends_session = False

    def close(self) -> None:
        """Ends the session that `log_in` opened, and the connections."""
        try:
            if self._ends_session and not self._http.is_closed:
                self.sessions.log_out()
        finally:
            self._http.close()

    def __enter__(self) -> "Kollegium":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

"""Messages of the room: browsers that are told of offers."""

from typing import Annotated
from uuid import UUID

import msgspec

from service.vocabulary import Input, Moment, whole


class PushKey(msgspec.Struct):
    """What a browser subscribes with (`applicationServerKey`); null: nothing is pushed here."""

    key: str | None


class PushKeys(Input):
    """Public key and secret of the browser, as it writes them (base64url, no padding)."""

    p256dh: Annotated[str, msgspec.Meta(pattern=whole("B[A-P][A-Za-z0-9_-]{85}"))]
    auth: Annotated[str, msgspec.Meta(pattern=whole("[A-Za-z0-9_-]{22}"))]


class PushSubscriptionDraft(Input, rename={"expiration_time": "expirationTime"}):
    """A subscription as the browser writes it: `JSON.stringify(subscription)`."""

    endpoint: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    keys: PushKeys
    expiration_time: Annotated[float, msgspec.Meta(ge=0, le=1e15)] | None = None


class PushSubscription(msgspec.Struct):
    """A browser of mine. client: what it called itself when I logged in there; service: whose push
    service it uses; current: it is the one of this session."""

    id: UUID
    client: str | None
    service: str
    created_at: Moment
    pushed_at: Moment | None
    current: bool


class PushSubscriptions(msgspec.Struct):
    """All of mine, newest first; at most ten."""

    items: list[PushSubscription]


class Subscribed(msgspec.Struct):
    """The subscription; the same browser keeps its id."""

    id: UUID

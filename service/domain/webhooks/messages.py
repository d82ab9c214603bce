"""What goes in and out of the webhook routes."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from service.vocabulary import EventKind, GoesOn, Input, Line, Moment

WebhookState = Literal["active", "off", "gone", "failing"]
DeliveryState = Literal["pending", "delivered", "failed"]
DeliveryFailure = Literal[
    "status", "redirect", "timeout", "unknown-name", "forbidden", "no-connection", "tls", "broken",
    "stopped", "disabled",
]  # fmt: skip
Address = Annotated[
    str,
    msgspec.Meta(min_length=10, max_length=2000, examples=["https://crm.huber.example/kollegium"]),
]


class WebhookDraft(Input):
    """Where to (https), and of which kinds of events; without kinds of all."""

    url: Address
    name: Line = ""
    kinds: Annotated[list[EventKind], msgspec.Meta(min_length=1, max_length=100)] | None = None


class WebhookChange(Input):
    """Fields that are not named stay. kinds null: all. state off: nothing is sent, and what is on
    its way is given up; active: it is told of what happens from now on."""

    url: Address | UnsetType = UNSET
    name: Line | UnsetType = UNSET
    kinds: (
        Annotated[list[EventKind], msgspec.Meta(min_length=1, max_length=100)] | UnsetType | None
    ) = UNSET
    state: Literal["active", "off"] | UnsetType = UNSET


class Webhook(msgspec.Struct):
    """A webhook. state: off: switched off by an admin; gone: the receiver answered 410; failing:
    nothing was taken for three days. failing_since: null when the last attempt was taken."""

    id: UUID
    url: str
    name: str
    kinds: list[EventKind] | None
    state: WebhookState
    failing_since: Moment | None
    created_at: Moment
    version: int


class NewWebhook(Webhook):
    """The same with the secret that its deliveries are signed with, shown this once."""

    secret: str


class NewSecret(msgspec.Struct):
    """The new secret, shown this once; until then deliveries have a signature of each."""

    secret: str
    former_until: Moment


class WebhookDelivery(msgspec.Struct):
    """An event on its way to a webhook. status: what the last attempt was answered; failure: why it
    failed. What the receiver said besides is not kept."""

    id: UUID
    kind: EventKind | Literal["ping"]
    state: DeliveryState
    attempts: int
    status: int | None
    failure: DeliveryFailure | None
    created_at: Moment
    attempted_at: Moment | None
    next_attempt_at: Moment | None
    ended_at: Moment | None


class Sent(GoesOn):
    """It goes out at once; what becomes of it stands in the log under this id."""

    id: UUID

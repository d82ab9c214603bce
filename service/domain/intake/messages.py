"""What goes in and out where leads come in without a log-in."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from service.vocabulary import Input, LongText, Moment, whole

Kind = Literal["form", "google", "meta"]
#: Why Meta gives no lead out for a key (docs/intake.md).
Failing = Literal["token-refused", "permission-missing"]
Origin = Annotated[
    str,
    msgspec.Meta(
        max_length=200,
        pattern=whole(r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?"),
        extra={
            "words": (
                "Scheme, host and port as a browser writes them, e.g. https://www.huber.example",
                "Schema, Rechner und Port, wie ein Browser sie schreibt, z. B."
                " https://www.huber.example",
            )
        },
    ),
]
Called = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=40,
        pattern=whole("[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"),
        extra={
            "words": (
                "Small letters, digits and hyphens",
                "Kleine Buchstaben, Ziffern und Bindestriche",
            )
        },
        examples=["huber-website"],
    ),
]
Topic = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=whole(r"[^\r\n]+"))]
# What people and platforms send: any fields, told by their names.
Fields = dict[
    Annotated[str, msgspec.Meta(max_length=200)], Annotated[str, msgspec.Meta(max_length=10000)]
]


class MetaAccess(Input):
    """With what a key of Meta's lead ads works: the secret of the app, and an access token of the
    page that may read its leads. Neither is ever shown again."""

    app_secret: Annotated[str, msgspec.Meta(pattern=whole("[!-~]{16,200}"))]
    access_token: Annotated[str, msgspec.Meta(pattern=whole("[!-~]{16,1000}"))]


class IntakeKeyDraft(Input):
    """A new address at which leads come in. name: the source of its leads; interest: what one is
    about when it does not say so; origins: web sites whose pages may send the form; consent_text:
    what who ticks `consent` agrees to, word for word; meta: for the kind meta alone, which needs
    it."""

    marketplace_id: UUID
    kind: Kind
    name: Called
    interest: Topic
    consent_text: LongText
    origins: Annotated[list[Origin], msgspec.Meta(max_length=20)] = []
    meta: MetaAccess | None = None


class IntakeKey(msgspec.Struct):
    """An address at which leads come in; its key and secret were shown when it was made. A consent
    text never changes: for another one there is another key. failure: why Meta gives no lead out
    since failing_since; what it names waits until there is another access token."""

    id: UUID
    marketplace_id: UUID
    kind: Kind
    name: str
    interest: str
    origins: list[str]
    consent_text: str
    created_at: Moment
    revoked_at: Moment | None
    failing_since: Moment | None
    failure: Failing | None


class NewIntakeKey(msgspec.Struct):
    """A key and where to send to, shown this once. secret: what Google calls the key of the
    webhook, and Meta the verify token; null for a form."""

    id: UUID
    name: str
    key: str
    path: str
    secret: str | None


class OpenIntake(msgspec.Struct):
    """What a lead is about when it does not say so."""

    interest: str


class TakenIn(msgspec.Struct):
    """It came in; nothing is told of what became of it."""

    received: bool = True


class GoogleAnswer(msgspec.Struct):
    """One answer of a lead form."""

    column_id: Annotated[str, msgspec.Meta(max_length=200)]
    string_value: Annotated[str, msgspec.Meta(max_length=10000)] = ""
    column_name: Annotated[str, msgspec.Meta(max_length=200)] = ""


class GoogleLead(msgspec.Struct):
    """What the webhook of a lead form sends; further members are passed over."""

    lead_id: Annotated[str, msgspec.Meta(min_length=1, max_length=150)]
    google_key: Annotated[str, msgspec.Meta(max_length=200)]
    user_column_data: Annotated[list[GoogleAnswer], msgspec.Meta(max_length=100)]
    is_test: bool = False
    campaign_id: int | str | None = None
    form_id: int | str | None = None
    lead_submit_time: Moment | None = None


class MetaNamed(msgspec.Struct):
    """A lead that a notification names: numbers alone, as texts or as numbers."""

    leadgen_id: int | str
    form_id: int | str | None = None
    page_id: int | str | None = None
    created_time: Annotated[int, msgspec.Meta(ge=0, le=4102444800)] | None = None


class MetaChange(msgspec.Struct):
    """Something that happened to a page; `leadgen` is what a lead form took in."""

    field: Annotated[str, msgspec.Meta(max_length=200)]
    value: Any = None


class MetaEntry(msgspec.Struct):
    """What happened to one page."""

    changes: Annotated[list[MetaChange], msgspec.Meta(max_length=1000)] = []


class MetaNotification(msgspec.Struct):
    """What the webhook of a page sends; further members are passed over."""

    object: Annotated[str, msgspec.Meta(max_length=200)]
    entry: Annotated[list[MetaEntry], msgspec.Meta(max_length=1000)]


class MetaAnswer(msgspec.Struct):
    """One answer of a lead form of Meta."""

    name: str
    values: list[str] = []


class MetaBox(msgspec.Struct):
    """A box that may be ticked, below the form's own words."""

    is_checked: bool | int | str | None = None


class MetaLead(msgspec.Struct):
    """What Graph says of a lead; further members are passed over."""

    field_data: list[MetaAnswer]
    created_time: str | None = None
    custom_disclaimer_responses: list[MetaBox] = []

"""Types that several rooms share: checked texts, e-mail addresses, pages of lists."""

import base64
import binascii
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import msgspec
from email_validator import EmailNotValidError, validate_email
from msgspec import UnsetType

from service.errors import Problem

T = TypeVar("T")

# Control, invisible and bidirectional characters let one name pose as another.
_BAD = (
    r"\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069"
    r"\ufeff\ufff9-\ufffb"
)


def whole(expression: str) -> str:
    """A pattern for the whole of a text. In Python `$` also matches before a newline at its end,
    and what the description publishes must say the same in ECMAScript, which has no `\\Z`."""
    return rf"^(?:{expression})$(?!\n)"


LINE = whole(f"[^{_BAD}]*")
_ON_A_LINE = (
    "One line of text without control or invisible characters, and no space before it",
    "Eine Zeile Text ohne Steuer- oder unsichtbare Zeichen und ohne Leerzeichen davor",
)

NAME = rf"[^\s{_BAD}][^{_BAD}]*"
Name = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=200,
        pattern=whole(NAME),
        extra={"words": _ON_A_LINE},
        examples=["Firma Huber GmbH"],
    ),
]
Line = Annotated[str, msgspec.Meta(max_length=200, pattern=LINE, extra={"words": _ON_A_LINE})]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
LongText = Annotated[str, msgspec.Meta(min_length=1, max_length=10000)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254, examples=["anna@huber.example"])]
PostcodeArea = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=5,
        pattern=whole("[0-9]+"),
        extra={"words": ("One to five digits", "Eine bis fünf Ziffern")},
    ),
]
Tag = Annotated[
    str, msgspec.Meta(min_length=1, max_length=50, pattern=LINE, extra={"words": _ON_A_LINE})
]
Zone = Annotated[
    str,
    msgspec.Meta(
        max_length=60,
        pattern=whole("[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*"),
        extra={
            "words": (
                "A name of the time zone database, such as Europe/Berlin",
                "Ein Name aus der Zeitzonendatenbank, etwa Europe/Berlin",
            )
        },
        examples=["Europe/Berlin"],
    ),
]
Language = Literal["de", "en"]
Role = Literal["member", "delegator", "admin"]
# What is told to a company: streams, webhooks and mails are made of it (sql/tables/event.sql).
EventKind = Literal[
    "lead.created",
    "lead.submitted",
    "lead.accepted",
    "lead.rejected",
    "lead.offered",
    "lead.unplaced",
    "lead.withdrawn",
    "lead.changed",
    "lead.consent_stated",
    "lead.picked",
    "lead.assigned",
    "lead.handler_changed",
    "lead.step_changed",
    "lead.won",
    "lead.lost",
    "lead.reopened",
    "lead.return_requested",
    "lead.return_withdrawn",
    "lead.return_due",
    "lead.returned",
    "lead.return_refused",
    "lead.revoked",
    "lead.recycled",
    "lead.came_back",
    "offer.opened",
    "offer.last_call",
    "offer.lost",
    "offer.withdrawn",
    "offer.expired",
    "offer.declined",
    "offer.reopened",
    "message.added",
    "file.added",
    "resync",
]
# As the checks of the tables have them (tests/http/test_openapi.py compares).
LeadState = Literal[
    "draft", "submitted", "available", "offered", "engaged", "closed", "rejected", "unplaced",
    "withdrawn", "erased",
]  # fmt: skip
OfferState = Literal["open", "picked", "declined", "expired", "withdrawn", "lost"]
EngagementState = Literal["active", "won", "lost", "return_requested", "returned", "revoked"]
CallOutcome = Literal["reached", "not_reached", "mailbox", "wrong_number", "call_back"]
# As the check of the table has them.
RatingReason = Literal[
    "good_as_described", "wrong_contact", "not_interested", "outside_area", "wrong_product"
]
ParticipationState = Literal["invited", "active", "declined", "ended"]
InvitationState = Literal["open", "accepted", "revoked"]
MergeState = Literal["requested", "answered", "rehearsed", "consented", "done", "undone", "refused"]
# A moment with its offset: PostgreSQL's timestamptz, RFC 3339 outside.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
# What If-Match names: one of these is the present version. None: whichever it is.
Versions = list[int] | None


def _spelt(text: str) -> str:
    checked = validate_email(
        text.strip(), check_deliverability=False, test_environment=True, strict=False
    )
    return unicodedata.normalize("NFC", checked.normalized.lower())


def email_address(text: str, pointer: str = "/email") -> str:
    """The address in its one spelling: lower case, composed letters, the domain in Unicode. Every
    door asks here, so that two spellings of an address are one. Raises Problem validation-failed,
    which says with `pointer` where it stood."""
    try:
        spelt = _spelt(text)
        if not spelt.isascii() and _spelt(spelt) != spelt:
            raise EmailNotValidError("The email address has no one spelling in lower case.")
    except EmailNotValidError as error:
        raise Problem(
            "validation-failed",
            errors=[
                {
                    "pointer": pointer,
                    "code": "email-invalid",
                    "detail": str(error),
                    "detail_de": "Das ist keine gültige E-Mail-Adresse.",
                }
            ],
        ) from error
    return spelt


_CLOCKS_DIFFER = timedelta(minutes=5)
_FAR = timedelta(days=5 * 366)


def expect_ahead(moment: datetime, pointer: str) -> None:
    """Raises Problem validation-failed unless somebody may plan something for then."""
    now = datetime.now(UTC)
    if not now - _CLOCKS_DIFFER <= moment <= now + _FAR:
        detail = "A time between now and five years ahead, please"
        german = "Bitte eine Zeit zwischen jetzt und in fünf Jahren"
        error = {"pointer": pointer, "code": "value", "detail": detail, "detail_de": german}
        raise Problem("validation-failed", errors=[error])


def address_of(text: str) -> str | None:
    """`email_address`, or None for what it refuses."""
    try:
        return email_address(text)
    except Problem:
        return None


class Input(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of everything a client sends: fields that are not named here are refused."""


class GoesOn(msgspec.Struct):
    """Base of what says that something was taken and is worked on: a POST answers 202 with it."""


class Page(msgspec.Struct, Generic[T]):
    """A page of a list. next_cursor is null on the last one."""

    items: list[T]
    next_cursor: str | None = None


def given(value: T | UnsetType) -> T | None:
    """What a change names; None, which stays as it is, for what it does not."""
    return None if isinstance(value, UnsetType) else value


def fetched(limit: int) -> int:
    """How many rows to ask for, for a page of `limit`: one of three numbers, all larger
    (above 1,000, which no client may ask for, one more than the limit).

    It stands in the statement as a literal (a bound limit would be planned anew each time), so it
    decides how many statements a connection keeps prepared; clients must not.
    """
    return next((rows for rows in (21, 101, 1001) if rows > limit), limit + 1)


def cut(items: Sequence[T], limit: int, key: str) -> Page[T]:
    """Cuts the rows too many, which tell that there is more; the cursor is the last one's key."""
    if len(items) <= limit:
        return Page(list(items))
    kept = list(items[:limit])
    return Page(kept, encode_cursor(getattr(kept[-1], key)))


def encode_cursor(value: Any) -> str:
    """Opaque to clients: where the page ended. It names a row, not a right to see it."""
    return base64.urlsafe_b64encode(UUID(str(value)).bytes).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> UUID | None:
    """Back from encode_cursor. Raises Problem cursor-invalid."""
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise Problem("cursor-invalid") from error

"""Messages of the room: which mails come, and when."""

from typing import Annotated, Literal

import msgspec

from service.vocabulary import Input, Zone, whole

Coming = Literal["at_once", "digest", "never"]
ClockTime = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("(?:[01][0-9]|2[0-3]):[0-5][0-9]"),
        extra={"words": ("A time from 00:00 to 23:59", "Eine Uhrzeit von 00:00 bis 23:59")},
        examples=["20:00"],
    ),
]


class KindsChosen(Input):
    """How each kind of mails comes: at_once, in the digest, or never; what is not named comes at
    once."""

    offers: Coming = "at_once"
    last_calls: Coming = "at_once"
    assignments: Coming = "at_once"
    placements: Coming = "at_once"
    messages: Coming = "at_once"
    returns: Coming = "at_once"
    reminders: Coming = "at_once"
    partners: Coming = "at_once"


class QuietHours(Input):
    """From begins until ends, perhaps on the next day."""

    begins: ClockTime
    ends: ClockTime


class NoticesDraft(Input):
    """All of it. time_zone: of these times, and of those in mails. digest_time: when the digest
    comes, if anything waits for it. quiet: what would come in these hours waits for their end and
    comes together; null: never quiet."""

    time_zone: Zone
    digest_time: ClockTime
    kinds: KindsChosen
    quiet: QuietHours | None = None


class KindInWords(msgspec.Struct):
    """A kind of mails in words."""

    kind: str
    title: str
    about: str


class Notices(msgspec.Struct):
    """Which mails I get, and when. words: what the kinds are, in the language that was asked for;
    always: what comes to everybody at once, also in quiet hours."""

    time_zone: str
    digest_time: str
    quiet: QuietHours | None
    kinds: KindsChosen
    words: list[KindInWords]
    always: list[str]


class KeptNotices(msgspec.Struct):
    """The same as the database has it."""

    time_zone: str
    digest_time: str
    quiet_begins: str | None
    quiet_ends: str | None
    digested: list[str]
    refused: list[str]

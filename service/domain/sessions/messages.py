"""What goes in and out of the session routes."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from service.vocabulary import Email, Input, Language, Moment, Name, Role

Password = Annotated[
    str, msgspec.Meta(min_length=10, max_length=1000, examples=["correct horse battery"])
]
PresentPassword = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class LogIn(Input):
    """E-mail and password of a colleague. cookie: for the page of this service alone, which
    gets the token as a cookie that no script can read."""

    email: Email
    password: PresentPassword
    cookie: bool = False


class MeChange(Input):
    """Fields that are not named stay."""

    name: Name | UnsetType = UNSET
    language: Language | UnsetType = UNSET


class PasswordChange(Input):
    """The present password and the new one."""

    current_password: PresentPassword
    password: Password


class ResetRequest(Input):
    """The address with which somebody logs in."""

    email: Email


class NewPassword(Input):
    """The password to set."""

    password: Password


class CompanyCard(msgspec.Struct):
    """The caller's company, in short."""

    id: UUID
    name: Name


class ColleagueCard(msgspec.Struct):
    """The caller, in short."""

    id: UUID
    name: Name
    email: str
    role: Role
    language: Language


class Caller(msgspec.Struct, frozen=True):
    """Who calls, as `app.who_am_i` reads it. An API key has no colleague_id."""

    company_id: UUID
    company_name: str
    delegator_role: bool
    colleague_id: UUID | None
    colleague_name: str
    email: str | None
    role: Role
    language: Language
    api_key_id: UUID | None


class Session(msgspec.Struct):
    """An open session; the token is shown here and nowhere else, and not where it is a cookie."""

    expires_at: Moment
    colleague: ColleagueCard
    company: CompanyCard
    token: str | UnsetType = UNSET


class Me(msgspec.Struct):
    """Who calls: a colleague, or an API key (then colleague is null)."""

    company: CompanyCard
    colleague: ColleagueCard | None
    role: Role
    api_key_id: UUID | None


class Prepared(msgspec.Struct):
    """What the database answers before a password is stretched; retry_after in seconds.

    pbkdf2_iterations is set for a password that was taken over from the former system; known says
    that the account logged in from this address before.
    """

    salt: bytes
    pbkdf2_iterations: int | None
    retry_after: int
    known: bool


class Opened(msgspec.Struct):
    """The outcome of a log-in; expires_at is null when it failed."""

    expires_at: Moment | None
    retry_after: int | None


class Changed(msgspec.Struct):
    """The outcome of a change of password; changed is false when the present one was wrong."""

    changed: bool | None
    retry_after: int | None


class OpenSession(msgspec.Struct):
    """One of the caller's sessions. client: what the program called itself at log-in; same_address:
    opened from where the session in use was opened, which is `current`."""

    id: UUID
    client: str | None
    opened_at: Moment
    expires_at: Moment
    same_address: bool
    current: bool

"""What goes in and out of the company routes."""

from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from service.domain.sessions.messages import Password
from service.vocabulary import Email, Input, InvitationState, Language, Moment, Name, Role


class ColleagueFeatures(msgspec.Struct):
    """Whether the company may invite colleagues and be merged, and the calendar week (2026-W42) in
    which that comes or came. week is null where none is settled, and for companies set up here."""

    on: bool
    week: str | None


class Company(msgspec.Struct):
    """The caller's company. delegator_role: handing over is reserved to delegators and admins.
    returns_need_release: what a member asks to return waits for one of them."""

    id: UUID
    name: str
    delegator_role: bool
    language: Language
    created_at: Moment
    version: int
    returns_need_release: bool
    colleague_features: ColleagueFeatures


class MergeSuggestion(msgspec.Struct):
    """A company that was in a group of the former service with the caller's; nothing is merged by
    it. groups: their names there."""

    company_id: UUID
    company_name: str
    groups: list[str]


class CompanyChange(Input):
    """Fields that are not named stay."""

    name: Name | UnsetType = UNSET
    delegator_role: bool | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    returns_need_release: bool | UnsetType = UNSET


class Colleague(msgspec.Struct):
    """A person acting for the company."""

    id: UUID
    name: str
    email: str
    role: Role
    active: bool
    language: Language
    created_at: Moment
    version: int


class ColleagueChange(Input):
    """role and active are for admins; name and language also for the colleague himself."""

    role: Role | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    language: Language | UnsetType = UNSET


class InvitationDraft(Input):
    """Whom to invite, and as what."""

    email: Email
    role: Role = "member"


class Invitation(msgspec.Struct):
    """An invitation; its token travels by e-mail alone."""

    id: UUID
    email: str
    role: Role
    state: InvitationState
    created_at: Moment
    expires_at: Moment


class Acceptance(Input):
    """The name and password with which the invited person begins."""

    name: Name
    password: Password


class Accepted(msgspec.Struct):
    """The new colleague; he may log in now."""

    colleague_id: UUID
    email: str
    role: Role
    company_id: UUID
    company_name: str


class ApiKeyDraft(Input):
    """What the key is for."""

    name: Name


class ApiKey(msgspec.Struct):
    """A key of the company."""

    id: UUID
    name: str
    created_at: Moment
    revoked_at: Moment | None


class NewApiKey(msgspec.Struct):
    """A key and its token, shown this once."""

    id: UUID
    name: str
    token: str

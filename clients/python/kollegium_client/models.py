"""What goes in and out. Generated from /openapi.json by generate.py: change that, not this."""

from __future__ import annotations

from datetime import date as date_aliased
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field


class Absence(Struct, kw_only=True):
    """
    A colleague is away; ends_at is not included.
    """

    id: str
    colleague_id: str
    covered_by_id: str | None
    begins_at: datetime
    ends_at: datetime
    created_at: datetime


class AbsenceDraft(Struct, kw_only=True):
    """
    From when until when, and who covers (null: nobody); without colleague_id one's own.
    """

    begins_at: datetime
    ends_at: datetime
    covered_by_id: str | UnsetType | None = UNSET
    colleague_id: str | UnsetType | None = UNSET


class Acceptance(Struct, kw_only=True):
    """
    The name and password with which the invited person begins.
    """

    name: str
    password: str


class Accepted(Struct, kw_only=True):
    """
    The new colleague; he may log in now.
    """

    colleague_id: str
    email: str
    role: Annotated[str, Meta(description="One of admin, delegator, member.")]
    company_id: str
    company_name: str


class AccessLine(Struct, kw_only=True):
    """
    One company and one part of the lead. record: what is kept of an engagement (card,
    entries of the ledger, charges, ratings, requests to return it). why: because in words.
    colleagues: who of the caller's own company; null of another: all that it has. known:
    false where it is not kept whose it was then. left_out: by which rule it was offered
    nothing.
    """

    company_id: str
    company_name: str
    part: Annotated[str, Meta(description="One of conversation, lead, offer, person, record.")]
    sees: bool
    because: Annotated[
        str,
        Meta(
            description="One of absorbed, assigned, card-declined, card-ended, card-invited, engaged, giver, left-out, may-reopen, might-reopen, never-offered, no-card, not-taker, not-yet, nothing-there, offer-alone, offer-declined, offer-expired, offer-lost, offer-withdrawn, offered, operator, own-lead, picked, received, recycled, returned, revoked, unexplained, went-over, withheld, worked."
        ),
    ]
    why: str
    policy: str | None
    since: datetime | None
    until: datetime | None
    engagement_id: str | None
    known: bool
    left_out: str | None
    colleagues: list[str] | None


class ApiKey(Struct, kw_only=True):
    """
    A key of the company.
    """

    id: str
    name: str
    created_at: datetime
    revoked_at: datetime | None


class ApiKeyDraft(Struct, kw_only=True):
    """
    What the key is for.
    """

    name: str


class Assignment(Struct, kw_only=True):
    """
    The taker that gets the lead.
    """

    company_id: str


class Block(Struct, kw_only=True):
    """
    What forbids the merge.
    """

    reason: str
    company: str | None = None
    marketplace_id: str | None = None
    marketplace: str | None = None


class CalendarFeed(Struct, kw_only=True):
    """
    The address that a calendar program subscribes to; shown this once.
    """

    address: str


class CallAttempt(Struct, kw_only=True):
    """
    One call. colleague_id is null for an API key, whose name is colleague_name then.
    """

    id: str
    engagement_id: str
    colleague_id: str | None
    colleague_name: str
    outcome: Annotated[
        str,
        Meta(description="One of call_back, mailbox, not_reached, reached, wrong_number."),
    ]
    note: str | None
    call_back_at: datetime | None
    created_at: datetime


class CallResult(Struct, kw_only=True):
    """
    What a call brought. call_back_at: when to call again.
    """

    outcome: Literal["call_back", "mailbox", "not_reached", "reached", "wrong_number"]
    note: str | UnsetType | None = UNSET
    call_back_at: datetime | UnsetType | None = UNSET


class CallingColleague(Struct, kw_only=True):
    """
    The colleague who calls.
    """

    id: str
    name: str


class Candidate(Struct, kw_only=True):
    """
    Who would be offered the lead.
    """

    company_id: str
    company_name: str


class Caps(Struct, kw_only=True):
    """
    The most leads worked at once (open), and begun in a day, a week from Monday, a month of
    the company's zone; null: no limit.
    """

    open: int | None
    day: int | None
    week: int | None
    month: int | None


class CapsChange(Struct, kw_only=True):
    """
    Caps that are not named stay; null: no limit.
    """

    open: int | UnsetType | None = UNSET
    day: int | UnsetType | None = UNSET
    week: int | UnsetType | None = UNSET
    month: int | UnsetType | None = UNSET


class Closing(Struct, kw_only=True):
    """
    How it ended; value in the marketplace's currency, at most two decimals are kept.
    """

    outcome: Literal["lost", "won"]
    value: float | UnsetType | None = UNSET


class Colleague(Struct, kw_only=True):
    """
    A person acting for the company.
    """

    id: str
    name: str
    email: str
    role: Annotated[str, Meta(description="One of admin, delegator, member.")]
    active: bool
    language: Annotated[str, Meta(description="One of de, en.")]
    created_at: datetime
    version: int


class ColleagueCard(Struct, kw_only=True):
    """
    The caller, in short.
    """

    id: str
    name: str
    email: str
    role: Annotated[str, Meta(description="One of admin, delegator, member.")]
    language: Annotated[str, Meta(description="One of de, en.")]


class ColleagueChange(Struct, kw_only=True):
    """
    role and active are for admins; name and language also for the colleague himself.
    """

    role: Literal["admin", "delegator", "member"] | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    name: str | UnsetType = UNSET
    language: Literal["de", "en"] | UnsetType = UNSET


class ColleagueFeatures(Struct, kw_only=True):
    """
    Whether the company may invite colleagues and be merged, and the calendar week
    (2026-W42) in which that comes or came. week is null where none is settled, and for
    companies set up here.
    """

    on: bool
    week: str | None


class ColleagueReport(Struct, kw_only=True):
    """
    What a colleague of the caller's company picked, and how fast he called the leads that
    he called first, in working time. null: API keys.
    """

    colleague_id: str | None
    colleague_name: str | None
    picked: int
    contacted: int
    median_contact_seconds: float | None
    p90_contact_seconds: float | None
    in_target: int
    late: int


class Company(Struct, kw_only=True):
    """
    The caller's company. delegator_role: handing over is reserved to delegators and admins.
    returns_need_release: what a member asks to return waits for one of them.
    """

    id: str
    name: str
    delegator_role: bool
    language: Annotated[str, Meta(description="One of de, en.")]
    created_at: datetime
    version: int
    returns_need_release: bool
    colleague_features: ColleagueFeatures


class CompanyAbsence(Struct, kw_only=True):
    """
    The company is away and is offered nothing; ends_at is not included.
    """

    id: str
    begins_at: datetime
    ends_at: datetime
    created_at: datetime


class CompanyAbsenceDraft(Struct, kw_only=True):
    """
    From when until when the whole company is away.
    """

    begins_at: datetime
    ends_at: datetime


class CompanyCard(Struct, kw_only=True):
    """
    The caller's company, in short.
    """

    id: str
    name: str


class CompanyChange(Struct, kw_only=True):
    """
    Fields that are not named stay.
    """

    name: str | UnsetType = UNSET
    delegator_role: bool | UnsetType = UNSET
    language: Literal["de", "en"] | UnsetType = UNSET
    returns_need_release: bool | UnsetType = UNSET


class Consent(Struct, kw_only=True):
    """
    The rehearsal that was read and is consented to.
    """

    rehearsal_id: str


class ConsentDraft(Struct, kw_only=True):
    """
    That the persons of a file agreed to their data being passed on, and the proof of it:
    text is what they agreed to, word for word, source where they did, given_at when (of
    several the last).
    """

    text: str
    source: str
    given_at: datetime


class ConsentJob(Struct, kw_only=True):
    """
    A stated consent whose drafts are not all looked at; it goes on by itself, and state
    says when that is over: GET /imports/{id}/consents.
    """

    state: Annotated[str, Meta(description="One of running.")]
    id: str
    marketplace_id: str
    import_id: str
    text: str
    source: str
    given_at: datetime
    stated_by: str
    leads: int
    submitted: int
    created_at: datetime


class ConsentReport(Struct, kw_only=True):
    """
    A stated consent: leads got the permission by it, submitted are those that can be
    reached.
    """

    state: Annotated[str, Meta(description="One of done, running.")]
    id: str
    marketplace_id: str
    import_id: str
    text: str
    source: str
    given_at: datetime
    stated_by: str
    leads: int
    submitted: int
    created_at: datetime


class Counts(Struct, kw_only=True):
    """
    What waits, for badges; 1000 means as many or more. offers: open ones to my company;
    submitted, available, unplaced, returns: leads of my marketplaces that wait for a
    decision; mine, unassigned: engagements at work that I handle, or that nobody of my
    company does.
    """

    offers: int
    submitted: int
    available: int
    unplaced: int
    returns: int
    mine: int
    unassigned: int


class Decision(Struct, kw_only=True):
    """
    What the operator says to it; the taker reads it.
    """

    comment: str | UnsetType | None = UNSET


class Duplicate(Struct, kw_only=True):
    """
    Another lead with the same e-mail address or phone number.
    """

    id: str
    state: Annotated[
        str,
        Meta(
            description="One of available, closed, draft, engaged, erased, offered, rejected, submitted, unplaced, withdrawn."
        ),
    ]
    created_at: datetime
    matches: list[str]


class EarlierLead(Struct, kw_only=True):
    """
    A lead of the marketplace with the same address, number, or name and postcode.
    """

    id: str
    state: Annotated[
        str,
        Meta(
            description="One of available, closed, draft, engaged, erased, offered, rejected, submitted, unplaced, withdrawn."
        ),
    ]
    submitted_at: datetime
    matches: list[str]


class Effect(Struct, kw_only=True):
    """
    A row that collapses (of two one stays; it is in the journal) or changes, and what to.
    """

    tab: str
    kind: Annotated[str, Meta(description="One of changed, collapsed.")]
    marketplace_id: str | None = None
    id: str | None = None
    lead_id: str | None = None
    of: str | None = None
    to: dict[str, str | int | bool | list[str] | None] | None = field(default_factory=dict)


class Engagement(Struct, kw_only=True):
    """
    Company X works lead Y. version is the lead's: one ETag guards lead, prospect,
    engagement.
    """

    id: str
    marketplace_id: str
    lead_id: str
    company_id: str
    company_name: str
    state: Annotated[
        str,
        Meta(description="One of active, lost, return_requested, returned, revoked, won."),
    ]
    origin: Annotated[str, Meta(description="One of assignment, pick.")]
    self_pick: bool
    picked_by: str | None
    steps: list[str]
    step: str
    handler_id: str | None
    handler_name: str | None
    value: float | None
    started_at: datetime
    closed_at: datetime | None
    version: int


class EngagementChange(Struct, kw_only=True):
    """
    Fields that are not named stay; handler_id null: nobody.
    """

    step: str | UnsetType = UNSET
    handler_id: str | UnsetType | None = UNSET


class Entry(Struct, kw_only=True):
    """
    A note or message.
    """

    text: str


class Event(Struct, kw_only=True):
    """
    One thing that happened; actor fields are null when it happened by itself, and where a
    giver reads what a former taker did. engagement_id: in which; null: before any.
    """

    id: str
    engagement_id: str | None
    event: str
    company_id: str | None
    company_name: str | None
    colleague_id: str | None
    colleague_name: str | None
    detail: dict[str, Any]
    created_at: datetime


class Evidence(Struct, kw_only=True):
    """
    Attempts to call, and on how many different days of the marketplace's zone they were.
    """

    attempts: int | None = None
    days: int | None = None


class FollowUp(Struct, kw_only=True):
    """
    A date for a lead. colleague_id is null when he who had it left the company.
    """

    id: str
    marketplace_id: str
    lead_id: str
    colleague_id: str | None
    due_at: datetime
    text: str | None
    done_at: datetime | None
    created_at: datetime
    version: int


class FollowUpChange(Struct, kw_only=True):
    """
    Fields that are not named stay. A later due_at reminds again; done ticks off or opens.
    """

    due_at: datetime | UnsetType = UNSET
    text: str | UnsetType | None = UNSET
    colleague_id: str | UnsetType = UNSET
    done: bool | UnsetType = UNSET


class FollowUpDraft(Struct, kw_only=True):
    """
    When, what, and for whom; without colleague_id for whoever makes it.
    """

    due_at: datetime
    text: str | UnsetType | None = UNSET
    colleague_id: str | UnsetType | None = UNSET


class GoogleAnswer(Struct, kw_only=True):
    """
    One answer of a lead form.
    """

    column_id: str
    string_value: str | UnsetType = UNSET
    column_name: str | UnsetType = UNSET


class GoogleLead(Struct, kw_only=True):
    """
    What the webhook of a lead form sends; further members are passed over.
    """

    lead_id: str
    google_key: str
    user_column_data: list[GoogleAnswer]
    is_test: bool | UnsetType = UNSET
    campaign_id: int | str | UnsetType | None = UNSET
    form_id: int | str | UnsetType | None = UNSET
    lead_submit_time: datetime | UnsetType | None = UNSET


class HandedOver(Struct, kw_only=True):
    """
    How it went with one lead: done, or the problem that one alone would have met.
    """

    marketplace_id: str
    lead_id: str
    outcome: Annotated[
        str,
        Meta(description="One of done, engagement-state, not-found, taker-required."),
    ]


class Handovers(Struct, kw_only=True):
    """
    How it went with each, in the order in which they were sent.
    """

    items: list[HandedOver]


class Health(Struct, kw_only=True):
    """
    ok, or the request fails.
    """

    status: str | None = "ok"


class Holiday(Struct, kw_only=True):
    """
    A public holiday.
    """

    date: date_aliased
    name: str


class IntakeKey(Struct, kw_only=True):
    """
    An address at which leads come in; its key and secret were shown when it was made. A
    consent text never changes: for another one there is another key. failure: why Meta
    gives no lead out since failing_since; what it names waits until there is another access
    token.
    """

    id: str
    marketplace_id: str
    kind: Annotated[str, Meta(description="One of form, google, meta.")]
    name: str
    interest: str
    origins: list[str]
    consent_text: str
    created_at: datetime
    revoked_at: datetime | None
    failing_since: datetime | None
    failure: str | None


class Invitation(Struct, kw_only=True):
    """
    An invitation; its token travels by e-mail alone.
    """

    id: str
    email: str
    role: Annotated[str, Meta(description="One of admin, delegator, member.")]
    state: Annotated[str, Meta(description="One of accepted, open, revoked.")]
    created_at: datetime
    expires_at: datetime


class InvitationDraft(Struct, kw_only=True):
    """
    Whom to invite, and as what.
    """

    email: str
    role: Literal["admin", "delegator", "member"] | UnsetType = UNSET


class KindInWords(Struct, kw_only=True):
    """
    A kind of mails in words.
    """

    kind: str
    title: str
    about: str


class KindsChosen(Struct, kw_only=True):
    """
    How each kind of mails comes: at_once, in the digest, or never; what is not named comes
    at once.
    """

    offers: Annotated[str, Meta(description="One of at_once, digest, never.")] | None = None
    last_calls: Annotated[str, Meta(description="One of at_once, digest, never.")] | None = None
    assignments: Annotated[str, Meta(description="One of at_once, digest, never.")] | None = None
    placements: Annotated[str, Meta(description="One of at_once, digest, never.")] | None = None
    messages: Annotated[str, Meta(description="One of at_once, digest, never.")] | None = None
    returns: Annotated[str, Meta(description="One of at_once, digest, never.")] | None = None
    reminders: Annotated[str, Meta(description="One of at_once, digest, never.")] | None = None
    partners: Annotated[str, Meta(description="One of at_once, digest, never.")] | None = None


class LeadEvent(Struct, kw_only=True):
    """
    One thing that happened to a lead of the company; thin, so read what it names. `resync`:
    read again what you know (of the marketplace, where one is named).
    """

    id: str
    kind: Annotated[
        str,
        Meta(
            description="One of file.added, lead.accepted, lead.assigned, lead.came_back, lead.changed, lead.consent_stated, lead.created, lead.handler_changed, lead.lost, lead.offered, lead.picked, lead.recycled, lead.rejected, lead.reopened, lead.return_due, lead.return_refused, lead.return_requested, lead.return_withdrawn, lead.returned, lead.revoked, lead.step_changed, lead.submitted, lead.unplaced, lead.withdrawn, lead.won, message.added, offer.declined, offer.expired, offer.last_call, offer.lost, offer.opened, offer.reopened, offer.withdrawn, resync."
        ),
    ]
    at: datetime
    marketplace_id: str | None = None
    lead_id: str | None = None
    engagement_id: str | None = None
    version: int | None = None
    actor: str | None = None


class LeadFile(Struct, kw_only=True):
    """
    A file of a lead. shared: by the parties of one engagement, before any (engagement_id
    null) by operator and giver; otherwise internal to the caller's company. Who put it in
    is null where a giver looks at what a former taker shared, company_name for internal
    ones.
    """

    id: str
    engagement_id: str | None
    shared: bool
    company_id: str | None
    company_name: str | None
    author_id: str | None
    author_name: str | None
    name: str
    media_type: str
    size: int
    sha256: str
    created_at: datetime


class LeadKey(Struct, kw_only=True):
    """
    A lead by its marketplace and id.
    """

    marketplace_id: str
    lead_id: str


class LeftOut(Struct, kw_only=True):
    """
    Who is not offered it, and why: not-this-time (others come first), merging (its card was
    held by a merge, or it was leaving), a full cap, somebody else's exclusive area, paused,
    the whole company absent, returned, lost or offered before, its own lead (giver), or a
    filter of the wave (wave-…, not-named) or of its own card (area, tags).
    """

    company_id: str
    company_name: str
    reason: Annotated[
        str,
        Meta(
            description="One of absent, area, cap-day, cap-month, cap-open, cap-week, exclusive-area, giver, lost-before, merging, not-named, not-this-time, offered-before, paused, returned-before, tags, wave-area, wave-tags."
        ),
    ]


class LogIn(Struct, kw_only=True):
    """
    E-mail and password of a colleague. cookie: for the page of this service alone, which
    gets the token as a cookie that no script can read.
    """

    email: str
    password: str
    cookie: bool | UnsetType = UNSET


class MappingDraft(Struct, kw_only=True):
    """
    A mapping (TOML): what its name says is the source.
    """

    mapping: str


class MarkedDuplicate(Struct, kw_only=True):
    """
    The person came in before: leads are those of the last duplicate_days, newest first.
    """

    found_at: datetime
    leads: list[EarlierLead]


class MarketplaceChange(Struct, kw_only=True):
    """
    Fields that are not named stay. Offers that were made keep their price.
    """

    name: str | UnsetType = UNSET
    steps: list[str] | UnsetType = UNSET
    operator_may_take: bool | UnsetType = UNSET
    giver_may_withdraw: bool | UnsetType = UNSET
    auto_accept: bool | UnsetType = UNSET
    auto_offer: bool | UnsetType = UNSET
    response_hours: int | UnsetType = UNSET
    reopen_days: int | UnsetType = UNSET
    teaser_digits: int | UnsetType = UNSET
    next_step_required: bool | UnsetType = UNSET
    hand_back_hours: int | UnsetType | None = UNSET
    contact_target_minutes: int | UnsetType | None = UNSET
    stalled_hours: int | UnsetType | None = UNSET
    price_cents: int | UnsetType | None = UNSET
    currency: (
        Literal["BGN", "CHF", "CZK", "DKK", "EUR", "GBP", "HUF", "NOK", "PLN", "RON", "SEK", "USD"]
        | UnsetType
    ) = UNSET
    duplicate_days: int | UnsetType | None = UNSET


class MarketplaceDraft(Struct, kw_only=True):
    """
    A new marketplace. Times are hours and days; teaser_digits of the postcode are shown
    before the pick. next_step_required: who enters a call or changes a step says what comes
    next. hand_back_hours: working hours without a sign of its handler, after which a lead
    is nobody's; stalled_hours: after which it is listed as stalled (null: after
    hand_back_hours). contact_target_minutes: working time from the pick within which a
    taker is to call first. price_cents: what a taker pays for a lead, in hundredths of
    currency; null or 0: nothing. duplicate_days: a lead whose person came in within so many
    days waits for the operator.
    """

    name: str
    steps: list[str] | UnsetType = UNSET
    operator_may_take: bool | UnsetType = UNSET
    giver_may_withdraw: bool | UnsetType = UNSET
    auto_accept: bool | UnsetType = UNSET
    auto_offer: bool | UnsetType = UNSET
    response_hours: int | UnsetType = UNSET
    reopen_days: int | UnsetType = UNSET
    teaser_digits: int | UnsetType = UNSET
    next_step_required: bool | UnsetType = UNSET
    hand_back_hours: int | UnsetType | None = UNSET
    contact_target_minutes: int | UnsetType | None = UNSET
    stalled_hours: int | UnsetType | None = UNSET
    price_cents: int | UnsetType | None = UNSET
    currency: (
        Literal["BGN", "CHF", "CZK", "DKK", "EUR", "GBP", "HUF", "NOK", "PLN", "RON", "SEK", "USD"]
        | UnsetType
    ) = UNSET
    duplicate_days: int | UnsetType | None = UNSET


class Me(Struct, kw_only=True):
    """
    Who calls: a colleague, or an API key (then colleague is null).
    """

    company: CompanyCard
    colleague: ColleagueCard | None
    role: Annotated[str, Meta(description="One of admin, delegator, member.")]
    api_key_id: str | None


class MeChange(Struct, kw_only=True):
    """
    Fields that are not named stay.
    """

    name: str | UnsetType = UNSET
    language: Literal["de", "en"] | UnsetType = UNSET


class Merge(Struct, kw_only=True):
    """
    A request to merge two companies. What is known of the other company is null until an
    admin of it answered; named_email or named_company_id is what was asked for.
    """

    id: str
    state: Annotated[
        str,
        Meta(
            description="One of answered, consented, done, refused, rehearsed, requested, undone."
        ),
    ]
    my_side: Annotated[str, Meta(description="One of absorbed, survivor.")]
    asking_company_name: str
    named_email: str | None
    named_company_id: str | None
    survivor_company_id: str | None
    survivor_name: str | None
    absorbed_company_id: str | None
    absorbed_name: str | None
    execute_at: datetime | None
    rehearsal_due: bool
    rehearsal_id: str | None
    rehearsed_at: datetime | None
    survivor_consent_at: datetime | None
    absorbed_consent_at: datetime | None
    problem: str | None
    refusal: str | None
    done_at: datetime | None
    undone_at: datetime | None
    created_at: datetime
    version: int


class MergeDraft(Struct, kw_only=True):
    """
    With whom to merge: exactly one of the four. The company named as absorbed goes on in
    mine; the one named as survivor takes mine over. Not before execute_at, if that is
    given.
    """

    absorbed_company_email: str | UnsetType = UNSET
    absorbed_company_id: str | UnsetType = UNSET
    survivor_company_email: str | UnsetType = UNSET
    survivor_company_id: str | UnsetType = UNSET
    execute_at: datetime | UnsetType = UNSET


class MergeRefusal(Struct, kw_only=True):
    """
    Why, for the other side.
    """

    reason: str | UnsetType | None = UNSET


class MergeSuggestion(Struct, kw_only=True):
    """
    A company that was in a group of the former service with the caller's; nothing is merged
    by it. groups: their names there.
    """

    company_id: str
    company_name: str
    groups: list[str]


class Message(Struct, kw_only=True):
    """
    Shared by the parties of one engagement; before any (engagement_id null) by operator and
    giver. The author is null where a giver reads what a former taker wrote.
    """

    id: str
    engagement_id: str | None
    company_id: str | None
    company_name: str | None
    author_id: str | None
    author_name: str | None
    text: str
    created_at: datetime


class MetaAccess(Struct, kw_only=True):
    """
    With what a key of Meta's lead ads works: the secret of the app, and an access token of
    the page that may read its leads. Neither is ever shown again.
    """

    app_secret: str
    access_token: str


class MetaChange(Struct, kw_only=True):
    """
    Something that happened to a page; `leadgen` is what a lead form took in.
    """

    field_: str = field(name="field")
    value: Any | UnsetType = UNSET


class MetaEntry(Struct, kw_only=True):
    """
    What happened to one page.
    """

    changes: list[MetaChange] | UnsetType = UNSET


class MetaNotification(Struct, kw_only=True):
    """
    What the webhook of a page sends; further members are passed over.
    """

    object: str
    entry: list[MetaEntry]


class NewApiKey(Struct, kw_only=True):
    """
    A key and its token, shown this once.
    """

    id: str
    name: str
    token: str


class NewIntakeKey(Struct, kw_only=True):
    """
    A key and where to send to, shown this once. secret: what Google calls the key of the
    webhook, and Meta the verify token; null for a form.
    """

    id: str
    name: str
    key: str
    path: str
    secret: str | None


class NewPassword(Struct, kw_only=True):
    """
    The password to set.
    """

    password: str


class NewSecret(Struct, kw_only=True):
    """
    The new secret, shown this once; until then deliveries have a signature of each.
    """

    secret: str
    former_until: datetime


class NewWebhook(Struct, kw_only=True):
    """
    The same with the secret that its deliveries are signed with, shown this once.
    """

    id: str
    url: str
    name: str
    kinds: list[str] | None
    state: Annotated[str, Meta(description="One of active, failing, gone, off.")]
    failing_since: datetime | None
    created_at: datetime
    version: int
    secret: str


class NewlyVisible(Struct, kw_only=True):
    """
    A lead that the colleagues of one side would newly see.
    """

    marketplace_id: str
    id: str
    state: Annotated[
        str,
        Meta(
            description="One of available, closed, draft, engaged, erased, offered, rejected, submitted, unplaced, withdrawn."
        ),
    ]
    personal_data: Annotated[bool, Meta(description="There is some; not yet erased")]


class Note(Struct, kw_only=True):
    """
    Internal to the caller's company. engagement_id: in which it was written; null: before
    any.
    """

    id: str
    engagement_id: str | None
    author_id: str | None
    author_name: str
    text: str
    created_at: datetime


class OfferDraft(Struct, kw_only=True):
    """
    company_ids absent: all matching takers. response_hours absent: as the marketplace says.
    """

    company_ids: list[str] | UnsetType | None = UNSET
    response_hours: int | UnsetType | None = UNSET


class OfferedTo(Struct, kw_only=True):
    """
    Who was offered the lead, and what came of it.
    """

    company_id: str
    company_name: str
    outcome: Annotated[
        str,
        Meta(description="One of declined, expired, lost, open, picked, withdrawn."),
    ]
    opened_at: datetime
    expires_at: datetime
    answered_at: datetime | None


class OpenSession(Struct, kw_only=True):
    """
    One of the caller's sessions. client: what the program called itself at log-in;
    same_address: opened from where the session in use was opened, which is `current`.
    """

    id: str
    client: str | None
    opened_at: datetime
    expires_at: datetime
    same_address: bool
    current: bool


class Participation(Struct, kw_only=True):
    """
    A company on a marketplace: its membership card. While an invitation is open the
    operator sees invitation_id and what he wrote, not which company an address belongs to.
    id: company_id or invitation_id, what DELETE takes. cap: the most leads worked at once,
    as caps.open. time_zone: whose days its caps count. exclusive_areas: postcode areas
    whose leads it is offered before anybody else. price_cents: what it pays instead of the
    marketplace's price.
    """

    id: str
    marketplace_id: str
    state: Annotated[str, Meta(description="One of active, declined, ended, invited.")]
    capacities: list[str]
    postcode_areas: list[str]
    tags: list[str]
    cap: int | None
    paused: bool
    invited_at: datetime
    marketplace_name: str
    caps: Caps
    time_zone: str | None
    price_cents: int | None
    exclusive_areas: list[str]
    company_id: str | None = None
    company_name: str | None = None
    invitation_id: str | None = None
    email: str | None = None
    version: int | None = None


class ParticipationChange(Struct, kw_only=True):
    """
    By the operator or the company itself; by the operator: exclusive_areas (postcode areas
    that it is offered before anybody else) and price_cents (what it pays for a lead; 0:
    nothing, null: as the marketplace says). cap is caps.open; null: no limit. Fields that
    are not named stay.
    """

    postcode_areas: list[str] | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    paused: bool | UnsetType = UNSET
    cap: int | UnsetType | None = UNSET
    caps: CapsChange | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    price_cents: int | UnsetType | None = UNSET
    exclusive_areas: list[str] | UnsetType = UNSET


class PartnerInvitation(Struct, kw_only=True):
    """
    Whom to invite: exactly one of email and company_id.
    """

    capacity: Literal["giver", "taker"]
    email: str | UnsetType = UNSET
    company_id: str | UnsetType = UNSET
    postcode_areas: list[str] | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    cap: int | UnsetType | None = UNSET


class PasswordChange(Struct, kw_only=True):
    """
    The present password and the new one.
    """

    current_password: str
    password: str


class Person(Struct, kw_only=True):
    """
    A colleague who comes with a side; his role stays.
    """

    name: str
    role: Annotated[str, Meta(description="One of admin, delegator, member.")]


class Presence(Struct, kw_only=True):
    """
    Names of the caller's colleagues who look at the lead now, himself not among them.
    """

    colleagues: list[str]


class PreviewWave(Struct, kw_only=True):
    """
    A wave as it would be. left_out: at most 500, those nearest to an offer first.
    """

    number: int
    offered: list[Candidate]
    left_out: list[LeftOut]


class Price(Struct, kw_only=True):
    """
    An amount in hundredths of a currency.
    """

    amount_cents: int
    currency: Annotated[
        str,
        Meta(description="One of BGN, CHF, CZK, DKK, EUR, GBP, HUF, NOK, PLN, RON, SEK, USD."),
    ]


class Prospect(Struct, kw_only=True):
    """
    The person behind the lead.
    """

    name: str | None
    salutation: str | None
    company: str | None
    email: str | None
    phone: str | None
    street: str | None
    postcode: str | None
    city: str | None
    country: str | None
    answers: dict[str, str]


class ProspectChange(Struct, kw_only=True):
    """
    Fields that are not named stay; null empties a field.
    """

    name: str | UnsetType = UNSET
    salutation: str | UnsetType | None = UNSET
    company: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    street: str | UnsetType | None = UNSET
    postcode: str | UnsetType | None = UNSET
    city: str | UnsetType | None = UNSET
    country: str | UnsetType | None = UNSET
    answers: Annotated[dict[str, str], Meta(max_length=100)] | UnsetType = UNSET


class ProspectDraft(Struct, kw_only=True):
    """
    The person behind the lead. An e-mail address or a phone number is needed to submit it.
    """

    name: str
    salutation: str | UnsetType | None = UNSET
    company: str | UnsetType | None = UNSET
    email: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    street: str | UnsetType | None = UNSET
    postcode: str | UnsetType | None = UNSET
    city: str | UnsetType | None = UNSET
    country: str | UnsetType | None = UNSET
    answers: Annotated[dict[str, str], Meta(max_length=100)] | UnsetType = UNSET


class PushKey(Struct, kw_only=True):
    """
    What a browser subscribes with (`applicationServerKey`); null: nothing is pushed here.
    """

    key: str | None


class PushKeys(Struct, kw_only=True):
    """
    Public key and secret of the browser, as it writes them (base64url, no padding).
    """

    p256dh: str
    auth: str


class PushSubscription(Struct, kw_only=True):
    """
    A browser of mine. client: what it called itself when I logged in there; service: whose
    push service it uses; current: it is the one of this session.
    """

    id: str
    client: str | None
    service: str
    created_at: datetime
    pushed_at: datetime | None
    current: bool


class PushSubscriptionDraft(Struct, kw_only=True):
    """
    A subscription as the browser writes it: `JSON.stringify(subscription)`.
    """

    endpoint: str
    keys: PushKeys
    expirationTime: float | UnsetType | None = UNSET


class PushSubscriptions(Struct, kw_only=True):
    """
    All of mine, newest first; at most ten.
    """

    items: list[PushSubscription]


class QuietHours(Struct, kw_only=True):
    """
    From begins until ends, perhaps on the next day.
    """

    begins: str
    ends: str


class RatedFor(Struct, kw_only=True):
    """
    How many ratings gave this reason.
    """

    reason: Annotated[
        str,
        Meta(
            description="One of good_as_described, not_interested, outside_area, wrong_contact, wrong_product."
        ),
    ]
    ratings: int


class Rating(Struct, kw_only=True):
    """
    What the taker said of the lead last; the giver reads averages alone.
    """

    stars: int | None
    reason: str | None
    rated_at: datetime
    changed_at: datetime


class RatingDraft(Struct, kw_only=True):
    """
    How good the lead was: stars from 1 (bad) to 5 (good), a reason, or both.
    """

    stars: int | UnsetType | None = UNSET
    reason: (
        Literal[
            "good_as_described", "not_interested", "outside_area", "wrong_contact", "wrong_product"
        ]
        | UnsetType
        | None
    ) = UNSET


class Ratings(Struct, kw_only=True):
    """
    How takers rated these leads. For the operator stars are their average, ratings their
    number; for a giver there are stars alone, in halves, and only where five or more gave
    some.
    """

    stars: float | None
    ratings: int | None
    reasons: list[RatedFor]


class Readable(Struct, kw_only=True):
    """
    What else the colleagues of one side read from then on: leads with personal data, open
    offers, internal notes; and whom they get as colleagues.
    """

    personal_data: int
    open_offers: int
    notes: int
    colleagues: list[Person]


class Readiness(Struct, kw_only=True):
    """
    ok, or the request fails with 503.
    """

    status: str | None = "ok"


class ReasonLabel(Struct, kw_only=True):
    """
    How a reason is called.
    """

    de: str
    en: str


class ReasonRule(Struct, kw_only=True):
    """
    A reason that the marketplace takes. evidence: what the taker's call log must show at
    least; for not_reached calls that reached somebody do not count. automatic: with that
    evidence the return is accepted at once.
    """

    code: str
    label: ReasonLabel
    evidence: Evidence | None = None
    automatic: bool | None = None


class Receipt(Struct, kw_only=True):
    """
    What a company keeps of an ended offer: neither lead nor person nor who won. seconds:
    after how long it ended; offered_together: to how many companies it was offered in that
    wave.
    """

    marketplace_name: str
    postcode_area: str
    offered_at: datetime
    outcome: Annotated[str, Meta(description="One of declined, expired, lost, picked, withdrawn.")]
    seconds: int
    offered_together: int


class Refusal(Struct, kw_only=True):
    """
    Why the company declines; the operator reads it.
    """

    reason: str | UnsetType | None = UNSET


class Rejection(Struct, kw_only=True):
    """
    Why; the giver reads it.
    """

    reason: str


class ResetRequest(Struct, kw_only=True):
    """
    The address with which somebody logs in.
    """

    email: str


class Return(Struct, kw_only=True):
    """
    Why the taker wants to return the lead; the operator decides. call_ids: calls of this
    engagement that the operator is shown, outcome and time of each; absent: where the
    reason needs some, those that count. file_ids: shared files of this engagement that
    belong to it.
    """

    reason: str
    comment: str | UnsetType | None = UNSET
    call_ids: list[str] | UnsetType | None = UNSET
    file_ids: list[str] | UnsetType | None = UNSET


class ReturnChoice(Struct, kw_only=True):
    """
    A reason, what it needs, and what the call log shows.
    """

    code: str
    label: ReasonLabel
    automatic: bool
    needed: Evidence
    evidence: Evidence


class ReturnQuota(Struct, kw_only=True):
    """
    Of the leads that the company began to work in the last days (picks), how many it
    returned or asks to return (used), and how many more it may.
    """

    percent: int
    days: int
    picks: int
    used: int
    left: int


class ReturnRules(Struct, kw_only=True):
    """
    Which returns a marketplace takes. version 0: none were set yet.
    """

    reasons: list[ReasonRule]
    window_days: int
    quota_percent: int | None
    quota_days: int
    silence_days: int | None
    version: int


class ReturnRulesDraft(Struct, kw_only=True):
    """
    The whole rules. window_days: how many calendar days after the pick. quota_percent: how
    many of a hundred leads that a taker began to work in the last quota_days; null: as many
    as it likes. silence_days: after so many working days without an answer a return is
    accepted; null: never.
    """

    reasons: list[ReasonRule]
    window_days: int | UnsetType = UNSET
    quota_percent: int | UnsetType | None = UNSET
    quota_days: int | UnsetType = UNSET
    silence_days: int | UnsetType | None = UNSET


class ReturnTerms(Struct, kw_only=True):
    """
    What the company may do about a lead that it works. needs_release: what a member asks
    waits for a delegator or admin.
    """

    allowed_until: datetime
    quota: ReturnQuota | None
    needs_release: bool
    reasons: list[ReturnChoice]


class Revocation(Struct, kw_only=True):
    """
    Why; the taker reads it.
    """

    reason: str


class Said(Struct, kw_only=True):
    """
    A sentence in both languages.
    """

    en: str
    de: str


class SavedMapping(Struct, kw_only=True):
    """
    How files of one source are read; taken when no known format and no mapping sent along
    is.
    """

    id: str
    name: str
    mapping: str
    saved_by: str
    saved_at: datetime


class SavedView(Struct, kw_only=True):
    """
    A list that a colleague saved for all colleagues of the company.
    """

    id: str
    name: str
    address: str
    saved_by: str
    saved_at: datetime


class Sent(Struct, kw_only=True):
    """
    It goes out at once; what becomes of it stands in the log under this id.
    """

    id: str


class Session(Struct, kw_only=True):
    """
    An open session; the token is shown here and nowhere else, and not where it is a cookie.
    """

    expires_at: datetime
    colleague: ColleagueCard
    company: CompanyCard
    token: str | None = None


class Setting(Struct, kw_only=True):
    """
    A setting of both companies: which value stays, which goes.
    """

    stays: str | bool
    goes: str | bool


class Settings(Struct, kw_only=True):
    """
    What the operator sets.
    """

    operator_may_take: bool
    giver_may_withdraw: bool
    auto_accept: bool
    auto_offer: bool
    response_hours: int
    reopen_days: int
    teaser_digits: int
    next_step_required: bool
    hand_back_hours: int | None
    contact_target_minutes: int | None
    stalled_hours: int | None
    price_cents: int | None
    currency: Annotated[
        str,
        Meta(description="One of BGN, CHF, CZK, DKK, EUR, GBP, HUF, NOK, PLN, RON, SEK, USD."),
    ]
    duplicate_days: int | None


class Sheet(Struct, kw_only=True):
    """
    A sheet of a spreadsheet. Rows are counted through all sheets that are read: row_number
    less offset is the number that the spreadsheet shows.
    """

    name: str
    outcome: Annotated[str, Meta(description="One of empty, hidden, read, unknown-header.")]
    offset: int
    rows: int
    format: str | None


class ShownCall(Struct, kw_only=True):
    """
    A call as the operator sees it: neither who called nor what was noted.
    """

    outcome: Annotated[
        str,
        Meta(description="One of call_back, mailbox, not_reached, reached, wrong_number."),
    ]
    at: datetime


class ShownFile(Struct, kw_only=True):
    """
    A shared file of the engagement; GET …/files/{id} has its content.
    """

    id: str
    name: str
    media_type: str


class SkippedLine(Struct, kw_only=True):
    """
    A line of the file that is no row: a title above the header, or the footer of a report.
    """

    row_number: int
    reason: Annotated[str, Meta(description="One of footer, preamble.")]


class SourceReport(Struct, kw_only=True):
    """
    What became of the leads of a source and giver that came in within the period. giver
    null: the operator put them in.
    """

    source: str
    giver_company_id: str | None
    giver_name: str | None
    leads: int
    engagements: int
    won: int
    lost: int
    returned: int
    rating: Ratings


class Span(Struct, kw_only=True):
    """
    From opens until closes, by the clock on the wall.
    """

    opens: str
    closes: str


class StatementEntry(Struct, kw_only=True):
    """
    A charge for an engagement, at its begin, or its credit. amount_cents is negative for a
    credit; charged_at: when what is credited was charged.
    """

    id: str
    kind: Annotated[str, Meta(description="One of charge, credit.")]
    reason: Annotated[str, Meta(description="One of assignment, pick, returned, revoked.")]
    posted_at: datetime
    charged_at: datetime
    lead_id: str
    engagement_id: str
    company_id: str
    company_name: str
    amount_cents: int
    currency: Annotated[
        str,
        Meta(description="One of BGN, CHF, CZK, DKK, EUR, GBP, HUF, NOK, PLN, RON, SEK, USD."),
    ]


class StatementTotal(Struct, kw_only=True):
    """
    What one taker owes for the month in one currency: balance_cents is charges less
    credits.
    """

    company_id: str
    company_name: str
    currency: Annotated[
        str,
        Meta(description="One of BGN, CHF, CZK, DKK, EUR, GBP, HUF, NOK, PLN, RON, SEK, USD."),
    ]
    charges: int
    charged_cents: int
    credits: int
    credited_cents: int
    balance_cents: int


class Subscribed(Struct, kw_only=True):
    """
    The subscription; the same browser keeps its id.
    """

    id: str


class TakenIn(Struct, kw_only=True):
    """
    It came in; nothing is told of what became of it.
    """

    received: bool | None = True


class TakerReport(Struct, kw_only=True):
    """
    What a taker was offered and took. Offers are those opened in the period, by what became
    of them; begun and what follows are engagements begun in it, by their present state.
    acceptance: what was picked of the offers that ended and were not withdrawn; conversion:
    what was won of begun. median_seconds, p90_seconds: from offer to pick or refusal;
    …_working_seconds: the same in working time of the marketplace. offered_together: to how
    many an offer of it went on average. Shares of all offers and picks: for the operator.
    contacted: engagements that were called; …_contact_seconds: working time from the pick
    to the first call; in_target, late: within the target or not (late, too, when it has
    passed without a call). return_quota: at present; null without a quota.
    """

    company_id: str
    company_name: str
    offered: int
    open: int
    picked: int
    declined: int
    expired: int
    lost_offers: int
    withdrawn: int
    acceptance: float | None
    median_seconds: float | None
    p90_seconds: float | None
    median_working_seconds: float | None
    p90_working_seconds: float | None
    offered_together: float | None
    share_of_offers: float | None
    share_of_picks: float | None
    begun: int
    assigned: int
    self_picks: int
    won: int
    lost: int
    returns_asked: int
    returned: int
    revoked: int
    value: float | None
    conversion: float | None
    contacted: int
    median_contact_seconds: float | None
    p90_contact_seconds: float | None
    in_target: int
    late: int
    return_quota: ReturnQuota | None


class Teaser(Struct, kw_only=True):
    """
    What takers see of a lead before the pick: no contact data, wherever it was written.
    """

    interest: str
    postcode_area: str
    tags: list[str]


class TokenAnswer(Struct, kw_only=True):
    """
    What the admin decided who got the token by mail.
    """

    consent: bool


class TokenAnswered(Struct, kw_only=True):
    """
    The merge and its state after the answer.
    """

    merge_id: str
    state: Annotated[
        str,
        Meta(
            description="One of answered, consented, done, refused, rehearsed, requested, undone."
        ),
    ]


class ViewDraft(Struct, kw_only=True):
    """
    A list as it is to be found again: its name, and its address in the workbench.
    """

    name: str
    address: str


class Visible(Struct, kw_only=True):
    """
    Leads that the colleagues of one side do not see yet, by marketplace and by the capacity
    in which the other side has them.
    """

    to: Annotated[str, Meta(description="One of absorbed, survivor.")]
    marketplace_id: str
    marketplace: str
    as_: Annotated[str, Meta(description="One of giver, operator, taker.")] = field(name="as")
    leads: int


class Warned(Struct, kw_only=True):
    """
    Something to know about a row that was imported, or about the file (field is null).
    """

    code: str
    field_: str | None = field(name="field")
    detail: Said


class Wave(Struct, kw_only=True):
    """
    A wave of the plan.
    """

    response_minutes: int
    order: Annotated[str, Meta(description="One of priority, random, round_robin, weighted.")]
    working_time: bool
    postcode_areas: list[str] | None = None
    tags: list[str] | None = None
    company_ids: list[str] | None = None
    takers: int | None = None
    last_call_minutes: int | None = None
    weights: dict[str, int] | None = None


class WaveDraft(Struct, kw_only=True):
    """
    Who is offered a lead together, and for how long. Filters are joined by and, absent ones
    match all: the lead's postcode lies in postcode_areas, the taker's card carries one of
    tags, it is one of company_ids. order: priority (as company_ids names them, then the
    greater weight, then who takes part longest), weighted (drawn, a weight of 2 twice as
    likely first), round_robin (who was offered least recently), random. takers: how many of
    them; absent: all. last_call_minutes: so long before the end the colleagues who did not
    answer are told once more.
    """

    response_minutes: int
    order: Literal["priority", "random", "round_robin", "weighted"] | UnsetType = UNSET
    working_time: bool | UnsetType = UNSET
    postcode_areas: list[str] | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    company_ids: list[str] | UnsetType = UNSET
    takers: int | UnsetType = UNSET
    last_call_minutes: int | UnsetType = UNSET
    weights: dict[str, int] | UnsetType = UNSET


class WavePlan(Struct, kw_only=True):
    """
    How a marketplace offers by itself. version 0: none was set yet, and all who match are
    offered a lead at once, for the marketplace's hours. A company that was absorbed since
    is shown as its survivor.
    """

    waves: list[Wave]
    on_cap: Annotated[str, Meta(description="One of next_wave, skip.")]
    recycle: Annotated[str, Meta(description="One of ask, auto, never.")]
    version: int


class WavePlanDraft(Struct, kw_only=True):
    """
    The whole plan. on_cap: what becomes of a taker whose cap is full: skip (its place goes
    to the next one) or next_wave (its place stays empty, and it is looked at again in the
    next wave).
    """

    waves: list[WaveDraft]
    on_cap: Literal["next_wave", "skip"] | UnsetType = UNSET
    recycle: Literal["ask", "auto", "never"] | UnsetType = UNSET


class Webhook(Struct, kw_only=True):
    """
    A webhook. state: off: switched off by an admin; gone: the receiver answered 410;
    failing: nothing was taken for three days. failing_since: null when the last attempt was
    taken.
    """

    id: str
    url: str
    name: str
    kinds: list[str] | None
    state: Annotated[str, Meta(description="One of active, failing, gone, off.")]
    failing_since: datetime | None
    created_at: datetime
    version: int


class WebhookChange(Struct, kw_only=True):
    """
    Fields that are not named stay. kinds null: all. state off: nothing is sent, and what is
    on its way is given up; active: it is told of what happens from now on.
    """

    url: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    kinds: (
        list[
            Literal[
                "file.added",
                "lead.accepted",
                "lead.assigned",
                "lead.came_back",
                "lead.changed",
                "lead.consent_stated",
                "lead.created",
                "lead.handler_changed",
                "lead.lost",
                "lead.offered",
                "lead.picked",
                "lead.recycled",
                "lead.rejected",
                "lead.reopened",
                "lead.return_due",
                "lead.return_refused",
                "lead.return_requested",
                "lead.return_withdrawn",
                "lead.returned",
                "lead.revoked",
                "lead.step_changed",
                "lead.submitted",
                "lead.unplaced",
                "lead.withdrawn",
                "lead.won",
                "message.added",
                "offer.declined",
                "offer.expired",
                "offer.last_call",
                "offer.lost",
                "offer.opened",
                "offer.reopened",
                "offer.withdrawn",
                "resync",
            ]
        ]
        | UnsetType
        | None
    ) = UNSET
    state: Literal["active", "off"] | UnsetType = UNSET


class WebhookDelivery(Struct, kw_only=True):
    """
    An event on its way to a webhook. status: what the last attempt was answered; failure:
    why it failed. What the receiver said besides is not kept.
    """

    id: str
    kind: str
    state: Annotated[str, Meta(description="One of delivered, failed, pending.")]
    attempts: int
    status: int | None
    failure: str | None
    created_at: datetime
    attempted_at: datetime | None
    next_attempt_at: datetime | None
    ended_at: datetime | None


class WebhookDraft(Struct, kw_only=True):
    """
    Where to (https), and of which kinds of events; without kinds of all.
    """

    url: str
    name: str | UnsetType = UNSET
    kinds: (
        list[
            Literal[
                "file.added",
                "lead.accepted",
                "lead.assigned",
                "lead.came_back",
                "lead.changed",
                "lead.consent_stated",
                "lead.created",
                "lead.handler_changed",
                "lead.lost",
                "lead.offered",
                "lead.picked",
                "lead.recycled",
                "lead.rejected",
                "lead.reopened",
                "lead.return_due",
                "lead.return_refused",
                "lead.return_requested",
                "lead.return_withdrawn",
                "lead.returned",
                "lead.revoked",
                "lead.step_changed",
                "lead.submitted",
                "lead.unplaced",
                "lead.withdrawn",
                "lead.won",
                "message.added",
                "offer.declined",
                "offer.expired",
                "offer.last_call",
                "offer.lost",
                "offer.opened",
                "offer.reopened",
                "offer.withdrawn",
                "resync",
            ]
        ]
        | UnsetType
        | None
    ) = UNSET


class Withdrawal(Struct, kw_only=True):
    """
    Why, for the history.
    """

    reason: str | UnsetType | None = UNSET


class WorkingWeek(Struct, kw_only=True):
    """
    Working hours; a day that is not named is off.
    """

    monday: list[Span] | None = None
    tuesday: list[Span] | None = None
    wednesday: list[Span] | None = None
    thursday: list[Span] | None = None
    friday: list[Span] | None = None
    saturday: list[Span] | None = None
    sunday: list[Span] | None = None


class Access(Struct, kw_only=True):
    """
    Who sees the lead, at `at`; null: now.
    """

    at: datetime | None
    items: list[AccessLine]


class BrokerageWave(Struct, kw_only=True):
    """
    A wave as it was.
    """

    number: int
    offered: list[OfferedTo]
    left_out: list[LeftOut]


class CallClaim(Struct, kw_only=True):
    """
    Until then colleagues are told that he is calling.
    """

    colleague: CallingColleague
    until: datetime


class CallState(Struct, kw_only=True):
    """
    Who of the caller's company is calling now (null: nobody), how often the present
    engagement was tried, when first, and by when the marketplace wants that (null: it does
    not say).
    """

    colleague: CallingColleague | None
    until: datetime | None
    attempts: int
    first_attempt_at: datetime | None
    contact_by: datetime | None


class GiverReport(Struct, kw_only=True):
    """
    How leads of a giver that came in within the period were rated. giver null: the operator
    put them in.
    """

    giver_company_id: str | None
    giver_name: str | None
    rating: Ratings


class Handover(Struct, kw_only=True):
    """
    Which leads, and to whom; handler_id null: back to nobody.
    """

    items: list[LeadKey]
    handler_id: str | None


class Import(Struct, kw_only=True):
    """
    A file that is or was imported: imported + duplicates + refused are the rows that are
    done. Of a dry run no lead is kept. problem says why it failed.
    """

    state: Annotated[str, Meta(description="One of done, failed, running, waiting.")]
    rows: int
    ended_at: datetime | None
    id: str
    marketplace_id: str
    file_name: str
    format: str
    encoding: str
    separator: str | None
    dry_run: bool
    done: int
    imported: int
    duplicates: int
    refused: int
    remarks: list[Warned]
    skipped: list[SkippedLine]
    sheets: list[Sheet]
    problem: str | None
    created_at: datetime


class ImportJob(Struct, kw_only=True):
    """
    An import under way: `done` of its `rows` have their result. GET /imports/{id} shows how
    far it is, and when it ended the report. remarks are about the file as a whole.
    """

    id: str
    marketplace_id: str
    file_name: str
    dry_run: bool
    state: Annotated[str, Meta(description="One of running, waiting.")]
    rows: int
    done: int
    remarks: list[Warned]
    skipped: list[SkippedLine]
    sheets: list[Sheet]
    created_at: datetime


class ImportRow(Struct, kw_only=True):
    """
    What became of one row of the file. row_number counts as a spreadsheet does, header
    first.
    """

    row_number: int
    outcome: Annotated[str, Meta(description="One of duplicate, imported, refused.")]
    lead_id: str | None = None
    code: str | None = None
    field_: str | None = field(name="field", default=None)
    detail: Said | None = None
    warnings: list[Warned] | None = field(default_factory=list)


class IntakeKeyDraft(Struct, kw_only=True):
    """
    A new address at which leads come in. name: the source of its leads; interest: what one
    is about when it does not say so; origins: web sites whose pages may send the form;
    consent_text: what who ticks `consent` agrees to, word for word; meta: for the kind meta
    alone, which needs it.
    """

    marketplace_id: str
    kind: Literal["form", "google", "meta"]
    name: str
    interest: str
    consent_text: str
    origins: list[str] | UnsetType = UNSET
    meta: MetaAccess | UnsetType | None = UNSET


class LeadChange(Struct, kw_only=True):
    """
    Fields that are not named stay.
    """

    interest: str | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    distribution_permission: bool | UnsetType = UNSET
    prospect: ProspectChange | UnsetType = UNSET


class LeadDraft(Struct, kw_only=True):
    """
    A lead. distribution_permission: the person agreed that the data is passed on. source:
    where it comes from, received_at: when the person asked; absent, they are api and now.
    """

    prospect: ProspectDraft
    interest: str
    distribution_permission: bool
    tags: list[str] | UnsetType = UNSET
    submit: bool | UnsetType = UNSET
    external_ref: str | UnsetType | None = UNSET
    source: str | UnsetType | None = UNSET
    received_at: datetime | UnsetType | None = UNSET


class Marketplace(Struct, kw_only=True):
    """
    A marketplace the caller's company operates (then with settings) or takes part in (then
    with its capacities and state).
    """

    id: str
    name: str
    operator_name: str
    operator_company_id: str
    steps: list[str]
    as_operator: bool
    capacities: list[str]
    version: int
    state: str | None = None
    settings: Settings | None = None


class MonthlyStatement(Struct, kw_only=True):
    """
    A month of a marketplace, by the zone of its calendar: for its operator of all takers or
    of one, for a taker its own. totals are of the whole month, whatever the page.
    why_empty: why there is nothing.
    """

    marketplace_id: str
    marketplace_name: str
    operator_name: str
    month: str
    time_zone: str
    begins_at: datetime
    ends_at: datetime
    totals: list[StatementTotal]
    items: list[StatementEntry]
    next_cursor: str | None
    why_empty: Said | None


class Notices(Struct, kw_only=True):
    """
    Which mails I get, and when. words: what the kinds are, in the language that was asked
    for; always: what comes to everybody at once, also in quiet hours.
    """

    time_zone: str
    digest_time: str
    quiet: QuietHours | None
    kinds: KindsChosen
    words: list[KindInWords]
    always: list[str]


class NoticesDraft(Struct, kw_only=True):
    """
    All of it. time_zone: of these times, and of those in mails. digest_time: when the
    digest comes, if anything waits for it. quiet: what would come in these hours waits for
    their end and comes together; null: never quiet.
    """

    time_zone: str
    digest_time: str
    kinds: KindsChosen
    quiet: QuietHours | UnsetType | None = UNSET


class Offer(Struct, kw_only=True):
    """
    An offer to the caller's company, or one its marketplace made (then company_name tells).
    placed_before: how many companies had the lead before and have it no more; never which.
    price: what the taker pays if it picks; null: nothing.
    """

    id: str
    marketplace_id: str
    lead_id: str
    marketplace_name: str
    company_id: str
    company_name: str
    state: Annotated[
        str,
        Meta(description="One of declined, expired, lost, open, picked, withdrawn."),
    ]
    wave: int
    teaser: Teaser
    opened_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    answered_by: str | None
    decline_reason: str | None
    placed_before: int
    price: Price | None


class OfferPreview(Struct, kw_only=True):
    """
    Who would be offered the lead, wave by wave, if nobody took it before.
    """

    waves: list[PreviewWave]


class OneEngagement(Struct, kw_only=True):
    """
    An engagement, also one that has ended: then ended_at says since when, and the giver
    reads neither who the taker was nor who handled it. version is the lead's, null where
    the caller does not see the lead any more. price: what the taker was charged,
    credited_at: since when it owes that no more; for it and the operator.
    """

    id: str
    marketplace_id: str
    lead_id: str
    company_id: str | None
    company_name: str | None
    state: Annotated[
        str,
        Meta(description="One of active, lost, return_requested, returned, revoked, won."),
    ]
    origin: Annotated[str, Meta(description="One of assignment, pick.")]
    self_pick: bool
    picked_by: str | None
    steps: list[str]
    step: str
    handler_id: str | None
    handler_name: str | None
    value: float | None
    started_at: datetime
    closed_at: datetime | None
    return_reason: str | None
    return_comment: str | None
    return_requested_at: datetime | None
    ended_at: datetime | None
    version: int | None
    price: Price | None
    credited_at: datetime | None


class OwnDay(Struct, kw_only=True):
    """
    A day with hours of its own, whatever day of the week or holiday it is; none: a day off.
    """

    date: date_aliased
    name: str | None = None
    hours: list[Span] | None = None


class Rehearsal(Struct, kw_only=True):
    """
    What the merge would do: it was performed and taken back, unless blocks forbid it.
    effects are the first 1,000 of effects_total; rows says how many rows of each table
    would change hands.
    """

    merge_id: str
    id: str
    made_at: datetime
    blocks: list[Block]
    visible: list[Visible]
    to_survivor: Readable
    to_absorbed: Readable
    settings: dict[str, Setting]
    effects: list[Effect]
    effects_total: int
    rows: dict[str, int]


class Remark(Struct, kw_only=True):
    """
    What became of contact data that is not stored as it was written: brought into its one
    spelling, or left as text among the answers.
    """

    pointer: str
    code: str
    detail: Said


class ReportedPeriod(Struct, kw_only=True):
    """
    A week from Monday or a month of the marketplace's calendar, as far as it lies within
    the report: the same numbers of it alone.
    """

    begins_at: datetime
    ends_at: datetime
    takers: list[TakerReport]


class ShownEvidence(Struct, kw_only=True):
    """
    Attempts and days as they were counted when it was asked, and the calls and files that
    are shown.
    """

    attempts: int
    days: int
    calls: list[ShownCall]
    files: list[ShownFile]


class Brokerage(Struct, kw_only=True):
    """
    One run of offering a lead: what happened and why.
    """

    id: str
    state: Annotated[str, Meta(description="One of exhausted, open, placed, withdrawn.")]
    opened_at: datetime
    closed_at: datetime | None
    waves: list[BrokerageWave]


class Calendar(Struct, kw_only=True):
    """
    When a marketplace works: what windows in working time are counted by. holidays: those
    of this year and the two that follow. version 0: none was set yet.
    """

    time_zone: str
    hours: WorkingWeek
    federal_state: str | None
    regional_holidays: bool
    own_days: list[OwnDay]
    holidays: list[Holiday]
    version: int


class CalendarPlan(Struct, kw_only=True):
    """
    The whole calendar. federal_state: whose holidays are days off, DE for those that all
    states share; regional_holidays: also those of a part of the state.
    """

    time_zone: str
    hours: WorkingWeek
    federal_state: (
        Literal[
            "BB",
            "BE",
            "BW",
            "BY",
            "DE",
            "HB",
            "HE",
            "HH",
            "MV",
            "NI",
            "NW",
            "RP",
            "SH",
            "SL",
            "SN",
            "ST",
            "TH",
        ]
        | UnsetType
        | None
    ) = UNSET
    regional_holidays: bool | UnsetType = UNSET
    own_days: list[OwnDay] | UnsetType = UNSET


class ImportReport(Struct, kw_only=True):
    """
    An import that ended, and a page of its rows. remarks are about the file as a whole.
    Where it failed, detail says why; what is done stays, and the file can be sent again.
    """

    state: Annotated[str, Meta(description="One of done, failed.")]
    ended_at: datetime
    detail: Said | None
    rows: list[ImportRow]
    id: str
    marketplace_id: str
    file_name: str
    format: str
    encoding: str
    separator: str | None
    dry_run: bool
    done: int
    imported: int
    duplicates: int
    refused: int
    remarks: list[Warned]
    skipped: list[SkippedLine]
    sheets: list[Sheet]
    problem: str | None
    created_at: datetime
    next_cursor: str | None = None


class Lead(Struct, kw_only=True):
    """
    A lead as the caller may see it. teaser is there when interest or tags hold contact
    data: what takers see instead, until somebody words it anew. prospect and engagement are
    absent where he may not, or where there is none; possible_duplicates is for who put the
    lead in or decides on it; duplicate, for the operator, while the lead waits because its
    person came in before. remarks tells, after a POST or PATCH, what of the contact data is
    not stored as it was written.
    """

    marketplace_id: str
    id: str
    state: Annotated[
        str,
        Meta(
            description="One of available, closed, draft, engaged, erased, offered, rejected, submitted, unplaced, withdrawn."
        ),
    ]
    interest: str
    postcode_area: str
    tags: list[str]
    distribution_permission: bool
    source: str
    external_ref: str | None
    rejection_reason: str | None
    operator_company_id: str
    operator_name: str
    giver_company_id: str | None
    giver_name: str | None
    engaged_company_id: str | None
    engaged_company_name: str | None
    received_at: datetime
    created_at: datetime
    submitted_at: datetime | None
    changed_at: datetime
    version: int
    teaser: Teaser | None = None
    prospect: Prospect | None = None
    engagement: Engagement | None = None
    possible_duplicates: list[Duplicate] | None = None
    duplicate: MarkedDuplicate | None = None
    remarks: list[Remark] | None = None


class MarketplaceReport(Struct, kw_only=True):
    """
    A period of a marketplace, from its begin until before its end: for the operator all
    takers, sources and givers, for a taker its own line, for a giver its own sources and
    itself. colleagues: of the caller's own company. periods: where they are asked for, in
    order. contact_target_minutes: within how much working time a taker is to call; null:
    not said.
    """

    begins_at: datetime
    ends_at: datetime
    contact_target_minutes: int | None
    time_zone: str
    takers: list[TakerReport]
    periods: list[ReportedPeriod]
    colleagues: list[ColleagueReport]
    sources: list[SourceReport]
    givers: list[GiverReport]
    why_empty: Said | None


class PendingReturn(Struct, kw_only=True):
    """
    What a taker asks and the operator has not decided. decide_by: then silence accepts it;
    null: it waits as long as it takes.
    """

    id: str
    marketplace_id: str
    lead_id: str
    engagement_id: str
    company_id: str
    company_name: str
    reason: str
    comment: str | None
    asked_by: str
    requested_at: datetime
    evidence: ShownEvidence
    decide_by: datetime | None


class ReturnRequest(Struct, kw_only=True):
    """
    What the taker asked last. waiting and dropped (not released) are known inside the
    company alone. decide_by: then silence accepts it. automatic: what accepted it, if
    nobody did.
    """

    state: Annotated[
        str,
        Meta(description="One of accepted, dropped, refused, requested, waiting, withdrawn."),
    ]
    reason: str
    comment: str | None
    asked_by: str
    asked_at: datetime
    released_by: str | None
    requested_at: datetime | None
    evidence: ShownEvidence
    decide_by: datetime | None
    automatic: str | None
    answer: str | None
    ended_at: datetime | None


class ShownEngagement(Struct, kw_only=True):
    """
    The same with its return. return: what the caller's company may do, null where it does
    not work the lead; return_request: what was asked last, as far as the caller may know of
    it; rating: the taker's, for it and the operator.
    """

    id: str
    marketplace_id: str
    lead_id: str
    company_id: str | None
    company_name: str | None
    state: Annotated[
        str,
        Meta(description="One of active, lost, return_requested, returned, revoked, won."),
    ]
    origin: Annotated[str, Meta(description="One of assignment, pick.")]
    self_pick: bool
    picked_by: str | None
    steps: list[str]
    step: str
    handler_id: str | None
    handler_name: str | None
    value: float | None
    started_at: datetime
    closed_at: datetime | None
    return_reason: str | None
    return_comment: str | None
    return_requested_at: datetime | None
    ended_at: datetime | None
    version: int | None
    price: Price | None
    credited_at: datetime | None
    return_: ReturnTerms | None = field(name="return")
    return_request: ReturnRequest | None
    rating: Rating | None

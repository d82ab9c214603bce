"""Who sees what, told once more without a database: docs/domain.md in plain Python.

The model has one marketplace. `status` says what an operation must answer, `apply` what it changes,
`visible` what a company then sees. Nothing of it is derived from sql/.

tests/policies/test_model.py compares it with the tables; tests/cycle asks the same over HTTP, where
a colleague acts (`Lead.by`), names are printed, plans have several waves.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

OPERATOR = "Nord"
GIVERS = ("Geber", "Gabe", "Beides")
TAKERS = ("Huber", "Klein", "Lang", "Beides")
OUTSIDER = "Fremd"
COMPANIES = (OPERATOR, "Geber", "Gabe", "Beides", "Huber", "Klein", "Lang", OUTSIDER)
OK, FORBIDDEN, UNKNOWN, TOO_LATE, UNFIT = 200, 403, 404, 409, 422


@dataclass
class Market:
    """Who is what on the marketplace, the names that are printed, and its plan: whom each wave is
    for (None: all), and for how long (minutes; None: until it is ended). now: minutes."""

    givers: set[str] = field(default_factory=lambda: set(GIVERS))
    takers: set[str] = field(default_factory=lambda: set(TAKERS))
    names: dict[str, str] = field(default_factory=dict)
    waves: list[set[str] | None] = field(default_factory=lambda: [None])
    window: int | None = None
    now: int = 0
    absorbed: dict[str, str] = field(default_factory=dict)

    @property
    def partners(self) -> set[str]:
        """Who has a card."""
        return self.givers | self.takers

    def wave(self, named: set[str] | None) -> set[str]:
        """Whom a wave is for, by the companies that there are now."""
        if named is None:
            return self.takers
        return {self.absorbed.get(company, company) for company in named}

    def name(self, company: str | None) -> str | None:
        """As it is printed now."""
        return self.names.get(company, company) if company else None


@dataclass
class Offer:
    """To one company; `run` is the brokerage it belongs to, `name` what was printed on it when it
    ended."""

    company: str
    run: int
    wave: int = 1
    state: str = "open"
    final: bool = False  # declined, and not to be taken back any more
    opened: int = 0
    until: int | None = None
    answered: int | None = None
    answered_by: str | None = None
    placed_before: int = 0
    name: str | None = None


@dataclass
class Line:
    """One message, or one line of the history: by whom, and which taker or handler it names.
    Printed as it was said."""

    event: str
    company: str
    named: str = ""
    by: str | None = None
    printed: str | None = None


@dataclass
class Said:
    """What was said and done in one place: before any engagement, or in one."""

    messages: list[Line] = field(default_factory=list)
    history: list[Line] = field(default_factory=list)


@dataclass
class Work:
    """One engagement; what is said in it stays in it. `name` is what was printed on it when it was
    closed or ended. asked: states of the requests to return it; what was not released is known
    inside the company alone."""

    company: str
    handler: str | None = None
    state: str = "active"
    step: str = "neu"
    ended: bool = False
    said: Said = field(default_factory=Said)
    origin: str = "pick"
    picked_by: str | None = None
    self_pick: bool = False
    name: str | None = None
    began: int = 0
    closed: int = 0
    requested: int = 0
    reason: str | None = None
    asked: list[str] = field(default_factory=list)
    asked_by: str | None = None

    @property
    def waiting(self) -> bool:
        """A member asked to return it, and nobody has released that."""
        return self.asked[-1:] == ["waiting"]

    def answer(self, **states: str) -> None:
        """An open request gets another state, by the one it is in."""
        if self.asked:
            self.asked[-1] = states.get(self.asked[-1], self.asked[-1])


@dataclass
class Lead:
    """One lead and all that hangs on it."""

    giver: str | None
    state: str = "draft"
    works: list[Work] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    run: int = 0
    run_open: bool = False
    wave: int = 0
    plan: list[set[str] | None] = field(default_factory=list)
    by_hand: bool = False
    notes: Counter[str] = field(default_factory=Counter)
    before: Said = field(default_factory=Said)
    market: Market = field(default_factory=Market)
    by: str | None = None  # the colleague who acts
    told: Counter[tuple[str | None, str]] = field(default_factory=Counter)  # events, of whom

    def __post_init__(self) -> None:
        self.tell("created", self.giver or OPERATOR)

    @property
    def current(self) -> Work | None:
        """The engagement that is not over: the last one, if any."""
        return self.works[-1] if self.works and not self.works[-1].ended else None

    @property
    def engaged(self) -> str | None:
        """Who works it, or closed it."""
        return self.current.company if self.current else None

    @property
    def parties(self) -> set[str | None]:
        """Operator, giver, engaged taker."""
        return {OPERATOR, self.giver, self.engaged} - {None}

    @property
    def said(self) -> Said:
        """Where is written what is written now."""
        return self.current.said if self.current else self.before

    def line(self, event: str, who: str, named: str | None = "") -> Line:
        """Something that is said or done now; by nobody where `who` is empty."""
        return Line(event, who, named or "", self.by if who else None, self.market.name(who))

    def tell(self, event: str, who: str, named: str | None = "") -> None:
        """One line of the history, told to whoever reads it."""
        self.said.history.append(self.line(event, who, named))
        self.inform("lead." + event.replace("-", "_"), *self.parties)

    def inform(self, kind: str, *companies: str | None) -> None:
        """An event, to each of them once."""
        self.told.update((company, kind) for company in set(companies))

    def had(self, company: str) -> bool:
        """Whether the company ever worked it."""
        return any(work.company == company for work in self.works)

    def gave_back(self, company: str) -> bool:
        """Whether it returned it."""
        return any(w.company == company and w.state == "returned" for w in self.works)

    def lost(self, company: str) -> bool:
        """Whether it closed it as lost, so that no plan offers it again."""
        return any(w.company == company and w.state == "lost" for w in self.works)

    def end(self, state: str) -> None:
        """The engagement is over, and the lead available again."""
        work = self.works[-1]
        work.name = work.name or self.market.name(work.company)
        work.state, work.ended, self.state = state, True, "available"

    def latest(self, company: str) -> Offer | None:
        """The last offer to a company."""
        return next((o for o in reversed(self.offers) if o.company == company), None)

    @property
    def open(self) -> list[Offer]:
        """Offers that can be picked."""
        return [offer for offer in self.offers if offer.state == "open"]

    def answer(self, offer: Offer, state: str) -> None:
        """An offer is open no more."""
        offer.state, offer.answered = state, self.market.now
        offer.name = self.market.name(offer.company)

    def end_run(self, state: str) -> None:
        """What is still open ends with the brokerage."""
        for offer in self.open:
            self.answer(offer, state)
            self.inform(f"offer.{state}", offer.company)
        self.run_open = False

    def of_wave(self) -> list[Offer]:
        """Offers of the wave that is under way."""
        return [o for o in self.offers if (o.run, o.wave) == (self.run, self.wave)]

    def end_wave(self, *, goes_on: bool = True) -> None:
        """Nobody left who could pick, or take his refusal back: the next wave, or the operator gets
        it back. Not `goes_on`: at once, whatever was refused; a further wave waits for the
        worker."""
        undecided = [o for o in self.of_wave() if o.state == "declined" and goes_on]
        if not self.run_open or self.open or not all(o.final for o in undecided):
            return
        if goes_on and self.open_wave(""):
            return
        if goes_on or self.wave >= len(self.plan):
            self.run_open, self.state = False, "unplaced"
            self.tell("unplaced", "")

    def in_wave(self, number: int) -> list[str]:
        """Whom it would be offered in this wave."""
        had = {o.company for o in self.offers if o.run == self.run}
        wave = self.plan[number - 1]
        return [
            company
            for company in sorted(self.market.wave(wave))
            if company not in had
            and fit_for_offer(self, company)
            and (self.by_hand or not self.lost(company))
        ]

    def open_wave(self, who: str) -> bool:
        """The next wave in which somebody is offered the lead."""
        for number in range(self.wave + 1, len(self.plan) + 1):
            if takers := self.in_wave(number):
                self.wave, now, window = number, self.market.now, self.market.window
                before = sum(work.ended for work in self.works)
                until = window and now + window
                self.offers += [
                    Offer(c, self.run, number, opened=now, until=until, placed_before=before)
                    for c in takers
                ]
                self.tell("offered", who)
                for company in takers:
                    self.inform("offer.opened", company)
                return True
        return False

    def begin_run(self, who: str, named: Iterable[str] | None) -> None:
        """A brokerage: by hand, to who is named, or by the plan."""
        self.by_hand = named is not None
        self.plan = list(self.market.waves) if named is None else [set(named)]
        self.run, self.run_open, self.wave, self.state = self.run + 1, True, 0, "offered"
        self.open_wave(who)

    def engage(self, company: str, origin: str = "pick") -> None:
        """One company works it from here on; whoever picked handles it, else nobody yet."""
        self.state = "engaged"
        by = self.by if origin == "pick" else None
        work = Work(company, by, origin=origin, picked_by=by, self_pick=company == OPERATOR)
        work.began = self.market.now
        self.works.append(work)


def fit(lead: Lead, company: str) -> bool:
    """May get the lead: a taker who is not its giver (case 2)."""
    return company in lead.market.takers and company != lead.giver


def fit_for_offer(lead: Lead, company: str) -> bool:
    """May be offered it: who returned it is left out."""
    return fit(lead, company) and not lead.gave_back(company)


def planned(lead: Lead) -> list[str]:
    """Whom the plan offers it to: who lost it is left out, too."""
    some = {company for wave in lead.market.waves for company in lead.market.wave(wave)}
    return sorted(c for c in some if fit_for_offer(lead, c) and not lead.lost(c))


# -- what an operation answers ---------------------------------------------------------------------


def create_status(who: str, market: Market | None = None) -> int:
    """Operator and givers put leads in; others of the marketplace may not; outsiders know of
    none."""
    market = market or Market()
    if who == OPERATOR or who in market.givers:
        return OK
    return FORBIDDEN if who in market.takers else UNKNOWN


def _operators(lead: Lead, who: str, *states: str) -> int:
    if who not in lead.parties:
        return UNKNOWN
    if who != OPERATOR:
        return FORBIDDEN
    return OK if lead.state in states else TOO_LATE


def _decided(lead: Lead, who: str, *states: str) -> int:
    """By the operator, about the engagement."""
    if who not in lead.parties:
        return UNKNOWN
    if who != OPERATOR:
        return FORBIDDEN
    return OK if lead.current and lead.current.state in states else TOO_LATE


def workers(lead: Lead, who: str, *states: str) -> int:
    if lead.had(who):  # into an ended one nobody writes, and its company knows that it ended
        work = lead.current
        return OK if work and work.company == who and work.state in states else TOO_LATE
    return FORBIDDEN if who in lead.parties else UNKNOWN


def _first_wave_over(lead: Lead) -> bool:
    """Unplaced, or a later wave is under way."""
    earlier = [o for o in lead.offers if o.run == lead.run and o.wave < lead.wave]
    return lead.state == "unplaced" or (lead.run_open and bool(earlier))


def _asks(lead: Lead, op: str) -> bool:
    """Whether the request to return fits: one at a time, and what is released waits."""
    work = lead.current
    match op:
        case "return" | "ask":
            return work is not None and not work.waiting
        case "release":
            return work is not None and work.waiting
        case "withdraw_return":
            return work is not None and work.asked[-1:] in (["waiting"], ["requested"])
    return True


def _pick(lead: Lead, who: str) -> int:
    offer = lead.latest(who)
    if who == OPERATOR:  # this one takes itself what the first wave left over
        return OK if lead.engaged == who or _first_wave_over(lead) else TOO_LATE
    if offer is None and not lead.had(who):
        return UNKNOWN
    if lead.engaged == who or (offer is not None and offer.state == "open"):
        return OK
    return TOO_LATE


def _answer(lead: Lead, who: str, op: str) -> int:
    offer = lead.latest(who)
    if offer is None:
        return UNKNOWN
    if offer.state in ("open", "declined") and (op == "decline" or offer.state == "open"):
        return OK
    if (
        op == "reopen_offer"
        and offer.state == "declined"
        and lead.run_open
        and (offer.run, offer.wave) == (lead.run, lead.wave)
        and who in lead.market.partners
        and (offer.until is None or lead.market.now < offer.until)
    ):
        return OK
    return TOO_LATE


def _offer(lead: Lead, who: str, others: list[str] | None) -> int:
    allowed = _operators(lead, who, "available", "unplaced")
    if allowed == OK and others is not None:
        if not all(fit_for_offer(lead, other) for other in others):
            return UNFIT
        return OK if others else TOO_LATE
    if allowed == OK and not planned(lead):
        return TOO_LATE
    return allowed


def _assign(lead: Lead, who: str, other: str) -> int:
    allowed = _operators(lead, who, "available", "offered", "unplaced")
    if allowed != OK:
        return allowed
    if other == OPERATOR:
        return OK if _first_wave_over(lead) else TOO_LATE
    return OK if fit(lead, other) else UNFIT


def _change(lead: Lead, who: str) -> int:
    if who not in lead.parties:
        return UNKNOWN
    if who == OPERATOR:
        closed = ("closed", "rejected", "withdrawn")
        return TOO_LATE if lead.state in closed else OK
    if who == lead.giver:
        return OK if lead.state in ("draft", "submitted", "available") else TOO_LATE
    return OK if lead.state == "engaged" else TOO_LATE


def _give(lead: Lead, who: str, states: tuple[str, ...]) -> int:
    if who not in lead.parties:
        return UNKNOWN
    if who not in (OPERATOR, lead.giver):
        return FORBIDDEN
    return OK if lead.state in states else TOO_LATE


GIVE = {
    "submit": ("draft",),
    "withdraw": ("draft", "submitted", "available", "offered", "unplaced"),
}
OPERATE = {"accept": ("submitted", "available"), "reject": ("submitted",)}
WORK = {
    "step": ("active", "return_requested"),
    "handler": ("active", "return_requested"),
    "close": ("active",),
    "reopen": ("won", "lost"),
    "return": ("active",),
    "ask": ("active",),
    "release": ("active",),
    "withdraw_return": ("active", "return_requested"),
}
DECIDE = {
    "return_accept": ("return_requested",),
    "return_refuse": ("return_requested",),
    "revoke": ("active", "return_requested"),
    "recycle": ("lost",),
}


def status(lead: Lead, op: str, who: str, argument: Any = None) -> int:
    """What must be answered, as an HTTP status."""
    if op in GIVE:
        return _give(lead, who, GIVE[op])
    if op in OPERATE:
        return _operators(lead, who, *OPERATE[op])
    if op in WORK:
        worked = workers(lead, who, *WORK[op])
        return worked if worked != OK or _asks(lead, op) else TOO_LATE
    match op:
        case _ if op in DECIDE:
            return _decided(lead, who, *DECIDE[op])
        case "offer":
            return _offer(lead, who, argument)
        case "assign":
            return _assign(lead, who, argument)
        case "pick":
            return _pick(lead, who)
        case "decline" | "reopen_offer":
            return _answer(lead, who, op)
        case "change":
            return _change(lead, who)
    return _write(lead, who)


def _write(lead: Lead, who: str) -> int:
    """A note or message."""
    if who in lead.parties:
        return OK
    return TOO_LATE if lead.had(who) else UNKNOWN


# -- what it changes -------------------------------------------------------------------------------


def _moves(lead: Lead, op: str, who: str, argument: Any) -> None:
    match op:
        case "offer":
            lead.begin_run(who, argument or None)
        case "assign":
            lead.end_run("lost")
            lead.engage(argument, "assignment")
            lead.tell("assigned", who, lead.market.name(argument))
        case "pick" if lead.engaged != who:
            offer = lead.latest(who)
            if who != OPERATOR and offer:
                lead.answer(offer, "picked")
                offer.answered_by = lead.by
            lead.end_run("lost")
            lead.engage(who)
            lead.tell("picked", who)
        case "decline":
            offer = lead.latest(who)
            if offer and offer.state == "open":
                lead.answer(offer, "declined")
                lead.inform("offer.declined", who, OPERATOR)
                offer.answered_by = lead.by
                lead.end_wave()
        case "reopen_offer":
            offer = lead.latest(who)
            if offer and offer.state != "open":
                offer.state, offer.final = "open", False
                lead.inform("offer.reopened", who, OPERATOR)
                offer.answered = offer.answered_by = offer.name = None
        case "withdraw":
            lead.end_run("withdrawn")
            lead.state = "withdrawn"
            lead.tell("withdrawn", who)


def _works(lead: Lead, work: Work, op: str, who: str, argument: Any) -> None:
    """What happens in an engagement, or ends it."""
    match op:
        case "step" if argument != work.step:
            lead.tell("step-changed", who)
            work.step = argument
        case "handler" if (argument or None) != work.handler:
            lead.tell("handler-changed", who, argument)
            work.handler = argument or None
        case "close":
            lead.tell(argument, who)
            work.state, work.closed, lead.state = argument, lead.market.now, "closed"
            work.name = lead.market.name(work.company)
            work.answer(waiting="dropped")
        case "reopen":
            lead.tell("reopened", who)
            work.state, work.name, lead.state = "active", None, "engaged"
        case "return_accept" | "revoke" | "recycle":
            requested = "accepted" if op == "return_accept" else "withdrawn"
            work.answer(waiting="dropped", requested=requested)
            ends = {"return_accept": "returned", "revoke": "revoked", "recycle": "recycled"}
            lead.tell(ends[op], who)  # the last that its taker reads of it
            lead.end(work.state if op == "recycle" else ends[op])
        case _:
            _returns(lead, work, op, who)


def _returns(lead: Lead, work: Work, op: str, who: str) -> None:
    """Requests to return it: asked inside the company, released, refused, taken back."""
    match op:
        case "ask":
            work.asked.append("waiting")
        case "return" | "release":
            lead.tell("return-requested", who)
            work.state, work.reason = "return_requested", "not_reached"
            work.requested = lead.market.now
            work.asked += ["requested"] if op == "return" else []
            work.answer(waiting="requested")
        case "return_refuse":
            lead.tell("return-refused", who)
            work.state = "active"
            work.answer(requested="refused")
        case "withdraw_return":
            if not work.waiting:
                lead.tell("return-withdrawn", who)
                work.state = "active"
            work.answer(waiting="dropped", requested="withdrawn")


def apply(lead: Lead, op: str, who: str, argument: Any = None, by: str | None = None) -> None:
    """An operation that was answered with 200; `by` a colleague, or the only one of the company."""
    lead.by = by or who
    simple = {
        "submit": ("submitted", "submitted"),
        "accept": ("available", "accepted"),
        "reject": ("rejected", "rejected"),
    }
    match op:
        case "submit" | "accept" | "reject":
            state, event = simple[op]
            if lead.state != state:
                lead.state = state
                lead.tell(event, who)
        case "change":
            lead.tell("changed", who)
        case "note":
            lead.notes[who] += 1
        case "message":
            lead.said.messages.append(lead.line("message", who))
            lead.inform("message.added", *lead.parties)
        case _ if lead.current and (op in WORK or op in DECIDE):
            _works(lead, lead.current, op, who, argument)
        case _:
            _moves(lead, op, who, argument)


def expire(lead: Lead, company: str) -> None:
    """The response window of one company's open offer ends."""
    for offer in lead.open:
        if offer.company == company:
            lead.answer(offer, "expired")
            lead.inform("offer.expired", company)
            lead.end_wave()


def grace_over(lead: Lead) -> None:
    """What was declined was declined long ago."""
    for offer in lead.offers:
        offer.final = offer.final or offer.state == "declined"
    lead.end_wave()


def accept_silently(lead: Lead) -> None:
    """Nobody answered the request to return it."""
    lead.works[-1].answer(requested="accepted")
    lead.tell("returned", "")
    lead.end("returned")


def time_passes(lead: Lead) -> None:
    """market.now went on by more than a refusal can be taken back, and the worker ran."""
    for offer in lead.open:
        if offer.until is not None and offer.until <= lead.market.now:
            lead.answer(offer, "expired")
            lead.inform("offer.expired", offer.company)
    grace_over(lead)


# -- who sees what ---------------------------------------------------------------------------------


def _named(lead: Lead, work: Work | None, who: str, name: str | None) -> str:
    """A taker's name as `who` reads it: the giver learns none but that of the one engaged now."""
    hidden = work and work.ended and who == lead.giver and who != work.company
    return "" if hidden else name or ""


def _author(lead: Lead, work: Work | None, who: str, name: str) -> str:
    """Operator and giver know each other."""
    return name if name in (OPERATOR, lead.giver) else _named(lead, work, who, name)


def _said(lead: Lead, work: Work | None, who: str) -> Counter[tuple[str, str]]:
    """Messages and history of one place, as `who` reads them."""
    rows: Counter[tuple[str, str]] = Counter()
    said = work.said if work else lead.before
    for line in said.messages:
        rows["message", _author(lead, work, who, line.company)] += 1
    for line in said.history:
        shown = f"{_author(lead, work, who, line.company)} {_named(lead, work, who, line.named)}"
        rows["history", shown.strip()] += 1
    return rows


def _requests(work: Work, who: str) -> list[str]:
    """Requests to return it, as its company or the operator reads them."""
    hidden = () if who == work.company else ("waiting", "dropped")
    return [asked for asked in work.asked if asked not in hidden]


def visible(leads: dict[Any, Lead], who: str) -> Counter[tuple[str, Any, str]]:
    """Rows a company sees: (table, lead, what), with their number."""
    rows: Counter[tuple[str, Any, str]] = Counter()
    for name, lead in leads.items():
        if who in lead.parties:
            rows["lead", name, f"{lead.state} {lead.engaged}"] += 1
            rows["prospect", name, ""] += 1
        gave = who in (OPERATOR, lead.giver)
        seen = [work for work in lead.works if gave or who == work.company]
        for work in [*([None] if gave else []), *seen]:
            for (table, what), number in _said(lead, work, who).items():
                rows[table, name, what] += number
        for work in seen:
            taker, handler = (_named(lead, work, who, n) for n in (work.company, work.handler))
            rows["engagement", name, f"{work.state} {taker} {handler}".strip()] += 1
            if who in (OPERATOR, work.company):
                rows["disclosure", name, work.company] += 1
                rows.update(("return_request", name, asked) for asked in _requests(work, who))
        if who == OPERATOR:
            rows["brokerage", name, ""] += lead.run
        for offer in lead.offers:
            if who == OPERATOR or (who == offer.company and offer.state in ("open", "picked")):
                rows["offer", name, f"{offer.company} {offer.state}"] += 1
        rows["note", name, who] += lead.notes[who]
        rows.update({("event", name, kind): n for (to, kind), n in lead.told.items() if to == who})
    return +rows


def strangers(lead: Lead, who: str) -> set[str]:
    """Takers whose name a giver must find nowhere: all but the one engaged now."""
    if who != lead.giver:
        return set()
    return {*TAKERS} - {lead.engaged, who}

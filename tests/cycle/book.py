"""What people may and what every company must see over HTTP, on top of tests/policies/oracle.py.

The oracle there says what a company may do with a lead and what becomes of it; this book says what
hangs on the person (roles, keys, claims of calls, what is due for whom) and how it is all read:
docs/domain.md once more, without a database. Nothing here is derived from sql/ or service/.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.cycle.joining import Merge, join, part
from tests.cycle.town import MONDAY, PEOPLE, WAVES, WINDOW, Who, key_of
from tests.policies import oracle
from tests.policies.oracle import FORBIDDEN, OK, OPERATOR, TOO_LATE, UNFIT, UNKNOWN, Lead, Work

STALE, REQUIRED, GONE = 412, 428, 401
REOPEN = 14 * 24 * 60  # minutes in which won or lost is taken back
CLAIM = 15
RETURN_DAYS, SILENCE_DAYS = 14, 5
RELEASING = {"Huber"}  # where what a member asks to return waits for a delegator or admin
BERLIN = ZoneInfo("Europe/Berlin")
STEPS = ("neu", "kontaktiert", "angebot")
WORKED = ("active", "return_requested")
# Operations of a company with a lead that the oracle knows; the others are this book's.
SHARED = (
    *oracle.GIVE, *oracle.OPERATE, *oracle.WORK, *oracle.DECIDE, "offer", "assign", "pick",
    "decline", "reopen_offer", "change", "note", "message",
)  # fmt: skip
OWN = ("claim", "hang_up", "log", "follow_up", "tick")


def moment(minutes: int) -> datetime:
    """What the clock of the marketplace shows then."""
    return (MONDAY + timedelta(minutes=minutes)).astimezone(BERLIN)


def silence(asked: datetime) -> datetime:
    """When a return that nobody answers is accepted: the close of the fifth working day."""
    day, left = asked, SILENCE_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day.replace(hour=17, minute=0, second=0)


@dataclass
class Entry:
    """A note, a call: of one company, written in one engagement (its place) or before any."""

    company: str
    by: str
    text: str
    work: int | None


@dataclass
class FollowUp:
    """A date for a lead; nobody's, where who had it left."""

    company: str
    colleague: str | None
    text: str
    id: str
    done: bool = False


@dataclass
class Papers:
    """A lead and what is each company's own of it."""

    lead: Lead
    name: str
    city: str = "Ort"
    notes: list[Entry] = field(default_factory=list)
    calls: list[Entry] = field(default_factory=list)
    follow_ups: list[FollowUp] = field(default_factory=list)
    claims: dict[str, tuple[str, int]] = field(default_factory=dict)  # company -> who, until


class Book:
    """All that there is."""

    def __init__(self) -> None:
        names = {company: f"Firma {company}" for company in PEOPLE}
        self.market = oracle.Market(names=names, waves=list(WAVES), window=WINDOW)
        self.roles = {Who(c, p): role for c, people in PEOPLE.items() for p, role in people.items()}
        self.roles |= {key_of(company): "key" for company in PEOPLE}
        self.merges: list[Merge] = []
        self.papers: dict[str, Papers] = {}

    # -- what must be answered --------------------------------------------------------------------

    def delegates(self, who: Who) -> bool:
        """May give work to others."""
        return self.roles.get(who) in ("delegator", "admin")

    def is_colleague(self, who: Who) -> bool:
        """A person who acts for the company now."""
        return self.roles.get(who, "key") != "key"

    def status(self, op: str, who: Who, lead: str, argument: Any, match: str | None) -> int:
        """Of one operation with a lead."""
        if who not in self.roles:
            return GONE
        papers = self.papers[lead]
        if op in ("step", "handler", "change") and match is None:
            return REQUIRED
        if op in OWN:
            return self._own(op, who, papers, argument)
        found = oracle.status(papers.lead, op, who.company, argument)
        if op in ("release", "withdraw_return"):
            return self._returns(op, who, papers.lead, found)
        if op in ("step", "handler", "change"):
            found = self._guarded(op, who, papers, argument, match, found)
        elif op in ("return", "ask") and found == OK and papers.lead.current:
            found = self._in_window(papers.lead)
        elif op == "reopen" and found == OK:
            work = papers.lead.works[-1]
            found = OK if self.market.now - work.closed <= REOPEN else TOO_LATE
        return found

    def _waits(self, who: Who) -> bool:
        """What he asks to return waits for a delegator or admin."""
        return who.company in RELEASING and not self.delegates(who)

    def _returns(self, op: str, who: Who, lead: Lead, found: int) -> int:
        """Who may release a request or take it back: asked before, or after, what is there."""
        work = lead.current
        mine = work is not None and work.company == who.company
        if op == "release" and mine:
            if not self.delegates(who):
                return FORBIDDEN
            return self._in_window(lead) if found == OK else found
        if found == OK and work and self._waits(who) and work.asked_by != who.name:
            return FORBIDDEN
        return found

    def _in_window(self, lead: Lead) -> int:
        day = moment(lead.works[-1].began).date() + timedelta(days=RETURN_DAYS + 1)
        return OK if moment(self.market.now).date() < day else TOO_LATE

    def _guarded(
        self, op: str, who: Who, papers: Papers, argument: Any, match: str | None, found: int
    ) -> int:
        """With If-Match, which is looked at after who may at all."""
        work = papers.lead.current
        mine = work is not None and work.company == who.company
        seen = who.company in papers.lead.parties if op == "change" else mine
        if seen and match != "*":
            return STALE
        if op == "step" and found == OK:
            return OK if argument in STEPS else UNFIT
        if op != "handler" or found != OK or not work or argument == work.handler:
            return found
        myself = who.name if self.is_colleague(who) else None
        if argument != myself and not self.delegates(who):
            return FORBIDDEN
        return OK if argument is None or self.is_colleague(Who(who.company, argument)) else UNFIT

    def _own(self, op: str, who: Who, papers: Papers, argument: Any) -> int:
        lead = papers.lead
        if op == "follow_up":
            return self._follow_up(who, lead, argument)
        if op == "tick":
            mine = [f for f in papers.follow_ups if f.company == who.company]
            return OK if any(f.id == argument for f in mine) else UNKNOWN
        states = WORKED if op != "hang_up" else (*WORKED, "won", "lost")
        found = oracle.workers(lead, who.company, *states)
        if found != OK or op != "claim":
            return found
        if not self.is_colleague(who):
            return FORBIDDEN
        calling = self.calling(papers, who.company)
        return TOO_LATE if calling not in (None, who.name) else OK

    def _follow_up(self, who: Who, lead: Lead, argument: Any) -> int:
        colleague = argument or (who.name if self.is_colleague(who) else None)
        if colleague is None:
            return FORBIDDEN
        if colleague != who.name and not self.delegates(who):
            return FORBIDDEN
        if not self.is_colleague(Who(who.company, colleague)):
            return UNFIT
        return oracle.status(lead, "note", who.company)

    def calling(self, papers: Papers, company: str) -> str | None:
        """Which colleague is calling now."""
        name, until = papers.claims.get(company, (None, 0))
        if name is None or until <= self.market.now or not self.is_colleague(Who(company, name)):
            return None
        return name

    # -- what it changes --------------------------------------------------------------------------

    def apply(self, op: str, who: Who, lead: str, argument: Any, detail: str) -> None:
        """An operation that was answered with 200. detail: the text or id that belongs to it."""
        papers = self.papers[lead]
        now = papers.lead
        place = len(now.works) - 1 if now.current else None
        if op in ("return", "ask") and now.current:
            op = "ask" if self._waits(who) else "return"
            now.current.asked_by = who.name
        if op in SHARED:
            oracle.apply(now, op, who.company, argument, who.name)
            self._handled(op, who, now.current, began=place is None)
        self._write(op, who, papers, argument, detail, place)

    def _handled(self, op: str, who: Who, work: Work | None, *, began: bool) -> None:
        """No key and nobody who left handles what was picked or is worked again."""
        if work is None or work.handler is None:
            return
        if (op == "pick" and began) or op == "reopen":
            here = self.is_colleague(Who(who.company, work.handler))
            work.handler = work.handler if here else None

    def _write(
        self, op: str, who: Who, papers: Papers, argument: Any, detail: str, place: int | None
    ) -> None:
        match op:
            case "note":
                papers.notes.append(Entry(who.company, who.name, detail, place))
            case "change":
                papers.city = detail
            case "claim":
                papers.claims[who.company] = who.name, self.market.now + CLAIM
            case "hang_up" | "log":
                if papers.claims.get(who.company, ("",))[0] == who.name:
                    del papers.claims[who.company]
                if op == "log":
                    papers.calls.append(Entry(who.company, who.name, argument, place))
            case "follow_up":
                made = FollowUp(who.company, argument or who.name, "Nachfassen", detail)
                papers.follow_ups.append(made)
            case "tick":
                next(f for f in papers.follow_ups if f.id == argument).done = True

    def passes(self, minutes: int) -> None:
        """Time goes on."""
        self.market.now += minutes
        for papers in self.papers.values():
            oracle.time_passes(papers.lead)
            work = papers.lead.current
            if not work or work.state != "return_requested":
                continue
            if silence(moment(work.requested)) <= moment(self.market.now):
                oracle.accept_silently(papers.lead)

    def leave(self, who: Who) -> None:
        """A colleague acts for the company no more: what he handled and had to do is nobody's."""
        del self.roles[who]
        for papers in self.papers.values():
            work = papers.lead.current
            if not work or work.state not in WORKED:
                continue
            if (work.company, work.handler) == (who.company, who.name):
                work.handler = None
                papers.lead.tell("handler-changed", "")
        for follow_up in (f for papers in self.papers.values() for f in papers.follow_ups):
            mine = (follow_up.company, follow_up.colleague) == (who.company, who.name)
            if mine and not follow_up.done:
                follow_up.colleague = None

    def companies(self) -> list[str]:
        """Those that act."""
        return [c for c in PEOPLE if c not in self.market.absorbed]

    def join(self, survivor: str, absorbed: str) -> Merge:
        """Two companies are one."""
        merge = join(self.market, self.papers.values(), survivor, absorbed)
        merge.people = [who for who in self.roles if who.company == absorbed]
        for who in merge.people:
            self.roles[Who(survivor, who.name)] = self.roles.pop(who)
        self.merges.append(merge)
        return merge

    def part(self, touched: set[str]) -> None:
        """The last merge is undone; touched: leads with another version than it left."""
        merge = self.merges.pop()
        part(self.market, self.papers, merge, touched)
        for who in merge.people:
            role = self.roles.pop(Who(merge.survivor, who.name), None)
            if role is not None:
                self.roles[who] = role
        for papers in self.papers.values():
            for work in papers.lead.works:
                here = work.handler and self.is_colleague(Who(work.company, work.handler))
                if work.ended or here or not work.handler:
                    continue
                work.handler = None
                if work.state in WORKED:
                    papers.lead.tell("handler-changed", "")
            for f in papers.follow_ups:
                if f.colleague and not self.is_colleague(Who(f.company, f.colleague)):
                    f.colleague = None

    # -- what a company sees ----------------------------------------------------------------------

    def _worked(self, papers: Papers, work: Work, company: str) -> tuple[Any, ...]:
        """An engagement: names of a taker that works it no more are not for the giver."""
        lead = papers.lead
        hidden = work.ended and company == lead.giver and company != work.company
        names = (work.name or self.market.name(work.company), work.picked_by, work.handler)
        shown = (None, None, None) if hidden else names
        return (work.state, work.origin, work.self_pick, work.step, *shown)

    def shown(self, lead: str, company: str) -> Any:
        """GET of a lead; None: not found."""
        papers = self.papers[lead]
        now, name = papers.lead, self.market.name
        if company not in now.parties:
            return None
        work = now.current
        return (
            now.state, name(OPERATOR), name(now.giver), name(now.engaged), papers.city,
            self._worked(papers, work, company) if work else None,
        )  # fmt: skip

    def knows(self, lead: str, company: str) -> bool:
        """Sees the lead, or worked it."""
        now = self.papers[lead].lead
        return company in now.parties or now.had(company)

    def _readable(self, lead: Lead, company: str) -> list[tuple[int | None, Work | None]]:
        """Places whose messages and history a company is shown without naming one."""
        gave = company in (OPERATOR, lead.giver)
        works = list(enumerate(lead.works))
        if gave:
            return [(None, None), *works]
        return [(n, work) for n, work in works if work.company == company][-1:]

    def deep(self, lead: str, company: str) -> dict[str, Any]:
        """All kinds of tests/cycle/acting.py; None: not found."""
        own, call = self._own_of(lead, company), self._call(lead, company)
        return {**self._said(lead, company), **own, "call": call}

    def _said(self, lead: str, company: str) -> dict[str, Any]:
        papers = self.papers[lead]
        now = papers.lead
        if not self.knows(lead, company):
            # What it wrote while it was one with a party stays its own after the undo.
            own = Counter((n.work, n.by, n.text) for n in papers.notes if n.company == company)
            return {"notes": own or None, "messages": None, "history": None, "engagement": None}
        messages: Counter[Any] = Counter()
        history: Counter[Any] = Counter()
        places = self._readable(now, company)
        for place, work in places:
            said = work.said if work else now.before
            for kind, lines in ((messages, said.messages), (history, said.history)):
                for line in lines:
                    kind[(place, *self._line(now, work, company, line))] += 1
        numbers = {place for place, _ in places} | {None}
        notes = Counter(
            (n.work, n.by, n.text)
            for n in papers.notes
            if n.company == company and (n.work in numbers or company in (OPERATOR, now.giver))
        )
        seen = [work for _, work in places if work]
        latest = self._worked(papers, seen[-1], company) if seen else None
        return {"notes": notes, "messages": messages, "history": history, "engagement": latest}

    def _line(self, lead: Lead, work: Work | None, company: str, line: Any) -> tuple[Any, ...]:
        """A message or a line of the history as it is read."""
        hides = work is not None and work.ended and company == lead.giver != work.company
        stranger = line.company not in (OPERATOR, lead.giver)
        author = (None, None) if hides and stranger else (line.printed, line.by)
        return (line.event, *author, None if hides else line.named or None)

    def _own_of(self, lead: str, company: str) -> dict[str, Any]:
        """Calls and follow-ups of one lead."""
        papers = self.papers[lead]
        seen = self.knows(lead, company)
        calls = Counter((c.work, c.by, c.text) for c in papers.calls if c.company == company)
        due = Counter(
            (f.colleague, f.text, f.done) for f in papers.follow_ups if f.company == company
        )
        return {"calls": calls if calls or seen else None, "due": due if due or seen else None}

    def _call(self, lead: str, company: str) -> Any:
        """GET of who is calling: 404, 403, or the name and how often it was tried."""
        papers = self.papers[lead]
        now = papers.lead
        if company not in now.parties:
            return UNKNOWN
        if now.engaged != company:
            return FORBIDDEN
        tried = [c for c in papers.calls if c.work == len(now.works) - 1]
        return (self.calling(papers, company), len(tried))

    def totals(self, who: Who) -> dict[str, Any]:
        """All lists of a company, as this colleague reads them."""
        me, name = who.company, self.market.name
        leads = {n: p.lead for n, p in self.papers.items()}
        found: dict[str, Any] = {
            "as operator": {n for n in leads if me == OPERATOR},
            "as giver": {n for n, lead in leads.items() if lead.giver == me},
            "as taker": {n for n, lead in leads.items() if lead.engaged == me},
            "leads": {n: view for n in leads if (view := self.shown(n, me))},
        }
        offers = [(n, leads[n], o) for n in leads for o in leads[n].offers]
        printed = [
            (me, o.company, o.state, (n, o.state, o.wave, o.placed_before, o.name or
             name(o.company), o.answered_by))
            for n, _, o in offers
        ]  # fmt: skip
        found["offers"] = Counter(
            row for _, to, state, row in printed if to == me and state in ("open", "picked")
        )
        found["offered"] = Counter(row for _, _, _, row in printed if me == OPERATOR)
        found["declined"] = {
            n for n, lead, o in offers
            if o.company == me and o.state == "declined"
            and oracle.status(lead, "reopen_offer", me) == OK and o is lead.latest(me)
        }  # fmt: skip
        found["gone"] = set()  # a taker is shown none of them, however it asks
        found["engagements"] = Counter(
            (n, *self._worked(p, work, me), work.reason, work.ended, me in p.lead.parties)
            for n, p in self.papers.items()
            for work in p.lead.works
            if work.company == me
        )
        found["receipts"] = Counter(
            ("Markt", o.state, "20", (o.answered or 0) - o.opened, len(
                [x for x in lead.offers if (x.run, x.wave) == (o.run, o.wave)]))
            for _, lead, o in offers
            if o.company == me and o.state != "open"
        )  # fmt: skip
        found["counts"] = self._counts(who, list(leads.values()))
        found["mine"] = Counter(
            (n, f.text)
            for n, p in self.papers.items()
            for f in p.follow_ups
            if (f.company, f.colleague, f.done) == (me, who.name, False) and me in p.lead.parties
        )
        return found

    def _counts(self, who: Who, leads: list[Lead]) -> dict[str, int]:
        me = who.company
        operated = leads if me == OPERATOR else []
        works = [w for lead in leads if (w := lead.current)]
        active = [w for w in works if w.company == me and w.state == "active"]
        states = Counter(lead.state for lead in operated)
        myself = who.name if self.is_colleague(who) else ""
        return {
            "offers": sum(o.company == me for lead in leads for o in lead.open),
            "submitted": states["submitted"],
            "available": states["available"],
            "unplaced": states["unplaced"],
            "returns": sum(w.state == "return_requested" for w in works) if operated else 0,
            "mine": sum(w.handler == myself for w in active),
            "unassigned": sum(w.handler is None for w in active),
        }

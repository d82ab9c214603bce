"""One story: random transitions of a few leads by everybody, each compared with the book; then all
that every company sees."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from service.jobs.worker import timers
from tests.cycle.acting import CALLS, CHANGED, KINDS, Acts, Eyes, reader
from tests.cycle.book import STEPS, Book, Papers
from tests.cycle.town import KEY, PEOPLE, Town, Who
from tests.policies import oracle
from tests.policies.oracle import OK, OPERATOR

LEADS, OVER = 3, ("rejected", "withdrawn")  # so many under way at once
FORWARD = {
    "draft": ("submit",),
    "submitted": ("accept",) * 8 + ("reject",),
    "available": ("offer", "offer", "offer", "assign"),
    "offered": ("pick", "decline") * 4 + ("reopen_offer",) * 2 + ("withdraw", "time"),
    "unplaced": ("offer", "pick", "assign"),
    "engaged": ("step", "handler", "handler", "close", "message", "note", "return", "ask",
                "revoke", "release", "claim", "log", "follow_up", "hang_up"),
    "returning": ("return_accept", "return_accept", "return_refuse", "message", "claim", "log",
                  "withdraw_return"),
    "waiting": ("release", "withdraw_return", "close", "message"),
    "closed": ("recycle", "reopen", "message"),
}  # fmt: skip
MINUTES = (5, 20, 65, 65, 4320, 21660)
OUTCOMES = ("reached", "not_reached", "mailbox", "wrong_number", "call_back")


class Story:
    """`counts` is what a run shows of itself: operation and answer, with their number."""

    def __init__(self, town: Town, seed: Any, counts: Counter[str]) -> None:
        self.town, self.counts = town, counts
        self.random = random.Random(str(seed))
        self.book, self.acts = Book(), Acts(town)
        self.ids: dict[str, str] = {}  # of leads, by their names in the book
        self.eyes = Eyes(self.acts, {})
        self.told: list[str] = []
        self.turn = 0
        self.done: list[tuple[str, dict[str, int]]] = []  # merges that were not undone

    # -- what happens ------------------------------------------------------------------------------

    async def create(self, who: Who) -> None:
        """A draft."""
        answer = await self.acts.create(who, len(self.ids))
        wanted = self._create_status(who)
        self._check("create", who, "", None, wanted, answer.status)
        if wanted == OK:
            name, giver = f"L{len(self.ids)}", None if who.company == OPERATOR else who.company
            lead = oracle.Lead(giver, market=self.book.market, by=who.name)
            self.ids[name] = answer.json["id"]
            self.eyes.names[self.ids[name]] = name
            self.book.papers[self.ids[name]] = Papers(lead, name)

    def _create_status(self, who: Who) -> int:
        return oracle.create_status(who.company, self.book.market)

    def _check(self, op: str, who: Who, lead: str, argument: Any, wanted: int, status: int) -> None:
        found = OK if status in (201, 202, 204) else status
        self.counts[f"{op} {found}"] += 1
        self.told.append(f"{op} {lead} by {who.company}/{who.name} ({argument}): {found}")
        assert found == wanted, f"{found}, not {wanted}: {self.told[-1]}"

    async def operate(
        self, op: str, who: Who, lead: str, argument: Any = None, match: str | None = "*"
    ) -> int:
        """One operation with a lead; its answer as the book has it."""
        wanted = self.book.status(op, who, lead, argument, match)
        detail = f"{op} {len(self.told)}"
        answer = await self.acts.act(op, who, lead, argument, match, detail)
        name = self.book.papers[lead].name
        self._check(op, who, name, argument, wanted, answer.status)
        if answer.status == 404:
            self.eyes.not_found.add(answer.body)
        if wanted == OK:
            if op == "follow_up":
                detail = answer.json["id"]
            self.book.apply(op, who, lead, argument, detail)
        self.counts[f"lead {self.book.papers[lead].lead.state}"] += 1
        return wanted

    async def time(self, minutes: int) -> None:
        """The clock is turned; what is due is done."""
        self.told.append(f"{minutes} minutes pass")
        self.book.passes(minutes)
        await self.town.turn(self.book.market.now)
        self.counts["time 200"] += 1

    async def leave(self, by: Who, who: Who) -> None:
        """An admin ends a colleague's access; others may not."""
        wanted = OK if self.book.roles.get(by) == "admin" else oracle.FORBIDDEN
        path = f"/colleagues/{self.town.ids.people[who.name]}"
        answer = await self.town.ask(by, "PATCH", path, {"active": False}, if_match="*")
        self._check("leave", by, "", who, wanted, answer.status)
        if wanted == OK:
            self.book.leave(who)

    async def rename(self, by: Who, name: str) -> None:
        """A company has another name from now on."""
        wanted = OK if self.book.roles.get(by) == "admin" else oracle.FORBIDDEN
        answer = await self.town.ask(by, "PATCH", "/company", {"name": name}, if_match="*")
        self._check("rename", by, "", name, wanted, answer.status)
        if wanted == OK:
            self.book.market.names[by.company] = name

    async def merge(self, survivor: str, absorbed: str) -> None:
        """Asked for, rehearsed, consented to by both sides, and run by the worker."""
        first, second = (
            next(w for w, role in self.book.roles.items() if w.company == c and role == "admin")
            for c in (survivor, absorbed)
        )
        named = {"absorbed_company_id": str(self.town.ids.companies[absorbed])}
        made = await self.town.ask(first, "POST", "/merges", named)
        assert made.status == 201, made.body
        path = f"/merges/{made.json['id']}"
        assert (await self.town.ask(second, "POST", f"{path}/rehearsal")).status == 202
        await timers.merges(self.town.worker)
        rehearsal = (await self.town.ask(second, "GET", path)).json["rehearsal_id"]
        for who in (first, second):
            body = {"rehearsal_id": rehearsal}
            consent = await self.town.ask(who, "POST", f"{path}/consent", body)
            assert consent.status == 200, consent.body
        await timers.merges(self.town.worker)
        done = (await self.town.ask(first, "GET", path)).json
        assert done["state"] == "done", done
        self.told.append(f"merge: {survivor} absorbs {absorbed}: 200")
        self.counts["merge 200"] += 1
        self.book.join(survivor, absorbed)
        self.done.append((made.json["id"], await self._versions()))

    async def undo(self) -> None:
        """The last merge, by staff."""
        number, before = self.done.pop()
        now = await self._versions()
        await self.town.staff.fetchval("select app.undo_merge($1)", UUID(number))
        self.told.append("undo: the last merge: 200")
        self.counts["undo 200"] += 1
        self.book.part({lead for lead in now if now[lead] != before.get(lead)})

    async def _versions(self) -> dict[str, int]:
        """What the operator's list says of each lead."""
        rows = await self.town.ask(Who(OPERATOR, "Olga"), "GET", "/leads?limit=100")
        return {row["id"]: row["version"] for row in rows.json["items"]}

    # -- by chance ---------------------------------------------------------------------------------

    def _somebody(self, company: str) -> Who:
        here = [who for who in self.book.roles if who.company == company]
        return self.random.choice(here)

    def _argument(self, op: str, who: Who, papers: Papers) -> Any:
        pick = self.random.choice
        match op:
            case "offer":
                here = self.book.companies()
                some = {c for c in oracle.TAKERS if c in here and self.random.random() < 0.6}
                return pick([None, None, some or None, {*some, pick(here)}])
            case "assign":
                return pick(self.book.companies())
            case "step":
                return pick([*STEPS, "gibt es nicht"])
            case "close":
                return pick(["won", "lost", "lost"])
            case "handler" | "follow_up":
                others = [*PEOPLE[who.company], pick(["Fritz", "Olga"])]
                return pick([None, None if who.name.startswith(KEY) else who.name, pick(others)])
            case "log":
                return pick(OUTCOMES)
            case "tick":
                mine = [f.id for f in papers.follow_ups if f.company == who.company]
                return pick([*mine, next(iter(self.ids.values()))])
        return None

    def _who_may(self, op: str, lead: str) -> Who:
        """Somebody who may do it, if anybody may."""
        everybody = list(self.book.roles)
        self.random.shuffle(everybody)
        for who in everybody:
            argument = "neu" if op == "step" else oracle.TAKERS[0] if op == "assign" else None
            if self.book.status(op, who, lead, argument, "*") == OK:
                return who
        return Who(OPERATOR, "Olga")

    async def step(self) -> None:
        """Something happens."""
        r = self.random
        live = [n for n, p in self.book.papers.items() if p.lead.state not in OVER]
        if len(live) < LEADS and r.random() < 0.25:
            company = r.choice([*sorted(self.book.market.givers), *self.book.companies()])
            return await self.create(self._somebody(company))
        if not live:
            return await self.create(self._somebody(r.choice(sorted(self.book.market.givers))))
        chance = r.random()
        if chance < 0.02:
            return await self._leave_by_chance()
        if chance < 0.04:
            company = r.choice(self.book.companies())
            return await self.rename(self._somebody(company), f"Firma {company} {len(self.told)}")
        if chance < 0.06:
            return await self._merge_by_chance()
        if chance < 0.10:
            return await self.time(r.choice(MINUTES))
        lead = r.choice(live if r.random() < 0.95 else list(self.ids.values()))
        papers = self.book.papers[lead]
        if chance < 0.72:
            work = papers.lead.current
            returning = work is not None and work.state == "return_requested"
            state = "returning" if returning else papers.lead.state
            if state == "engaged" and work is not None and work.waiting:
                state = "waiting"
            op = r.choice(FORWARD.get(state, ("message", "note")))
            if op == "time":
                return await self.time(r.choice(MINUTES))
            who = self._who_may(op, lead)
        else:
            op = r.choice(sorted(CALLS))
            who = self._somebody(r.choice(self.book.companies()))
        match = r.choice(["*"] * 8 + ['"0"', None]) if op in ("step", "handler", "change") else "*"
        await self.operate(op, who, lead, self._argument(op, who, papers), match)

    async def _merge_by_chance(self) -> None:
        """Two that are no operator; one that does not take part survives nothing. Or back."""
        if self.done and self.random.random() < 0.5:
            return await self.undo()
        some = [c for c in self.book.companies() if c != OPERATOR]
        survivor, absorbed = self.random.sample(some, 2)
        if survivor != oracle.OUTSIDER:
            await self.merge(survivor, absorbed)
        else:
            await self.time(5)

    async def _leave_by_chance(self) -> None:
        who = self.random.choice(list(self.book.roles))
        if self.book.roles[who] in ("member", "delegator"):
            await self.leave(self._somebody(who.company), who)

    # -- what everybody sees -----------------------------------------------------------------------

    def _same(self, what: str, who: Who, found: Any, wanted: Any) -> None:
        if found == wanted:
            self.counts["compared"] += 1
            return
        if isinstance(found, dict) and isinstance(wanted, dict):
            for key in sorted(found.keys() | wanted.keys(), key=str):
                self._same(f"{what}, {key}", who, found.get(key), wanted.get(key))
        raise AssertionError(f"{who} reads {what}:\n  {found}\nand should\n  {wanted}")

    async def look(self, company: str, lead: str, kinds: Iterable[str]) -> None:
        """One lead as one company sees it, and these kinds of what there is about it."""
        who = reader(company, self.book.roles, self.turn)
        if who is None:
            return
        name = self.book.papers[lead].name
        found, wanted = await self.eyes.shown(who, lead), self.book.shown(lead, company)
        self._same(name, who, found, wanted)
        if kinds:
            all_of_it = self.book.deep(lead, company)
            wanted = {kind: all_of_it[kind] for kind in kinds}
            self._same(name, who, await self.eyes.deep(who, lead, kinds), wanted)

    async def compare(self, *, whole: bool = False) -> None:
        """All companies, at once: their lists and counts; who knows the lead that something was
        done with, what that changed. In turns one looks into all its lists, or into all about a
        lead. What somebody changed who was refused is seen after the next step. `whole`: each in
        full, and all leads."""
        self.counts["steps"] += 1
        if not whole and not self.told[-1].endswith((": 200", "pass")):
            return
        self.turn += 1
        op, name, *_ = self.told[-1].split()
        changed = CHANGED.get(op, tuple(KINDS))
        reading = [self._see(c, self.ids.get(name), changed, whole=whole) for c in PEOPLE]
        for error in await asyncio.gather(*reading, return_exceptions=True):
            if error:
                raise error
        assert len(self.eyes.not_found) < 2, self.eyes.not_found

    async def _see(
        self, company: str, lead: str | None, changed: Iterable[str], *, whole: bool
    ) -> None:
        leads = list(self.ids.values())
        turn, place = divmod(self.turn, len(PEOPLE))
        mine = place == list(PEOPLE).index(company)
        about = leads if whole else []
        if mine and leads and turn % 2 and not whole:
            about = [lead if lead and turn % 4 == 1 else leads[turn // 4 % len(leads)]]
        if lead and lead not in about and self.book.knows(lead, company):
            await self.look(company, lead, changed)
        await self._lists(company, whole=whole or (mine and turn % 2 == 0))
        for one in about:
            await self.look(company, one, KINDS)

    async def _lists(self, company: str, *, whole: bool) -> None:
        who = reader(company, self.book.roles, self.turn)
        if who is None:
            return
        takes = company in self.book.market.takers or company == OPERATOR
        found = await self.eyes.totals(who, takes=takes, whole=whole)
        wanted = self.book.totals(who)
        self._same("lists", who, found, self._named({kind: wanted[kind] for kind in found}))

    def _named(self, totals: dict[str, Any]) -> dict[str, Any]:
        """The book has leads by their ids; people read names."""
        names = self.eyes.names

        def told(value: Any) -> Any:
            if isinstance(value, Counter):
                return Counter({told(key): number for key, number in value.items()})
            if isinstance(value, dict):
                return {told(key): inner for key, inner in value.items()}
            if isinstance(value, set):
                return {told(one) for one in value}
            if isinstance(value, tuple):
                return tuple(names.get(one, one) if isinstance(one, str) else one for one in value)
            return names.get(value, value) if isinstance(value, str) else value

        return {key: told(value) for key, value in totals.items()}

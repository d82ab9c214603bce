"""How each operation is asked of the service, and how what a company reads is told in names."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.cycle.town import Answer, Town, Who
from tests.policies.oracle import OPERATOR

# operation -> method, rest of the URL, body; {} is the argument.
CALLS: dict[str, tuple[str, str, Any]] = {
    "submit": ("POST", "/submit", None),
    "accept": ("POST", "/accept", None),
    "reject": ("POST", "/reject", {"reason": "unvollständig"}),
    "offer": ("POST", "/offer", "companies"),
    "assign": ("POST", "/assign", "company"),
    "pick": ("POST", "/pick", None),
    "decline": ("POST", "/decline", {"reason": "zu weit"}),
    "reopen_offer": ("POST", "/reopen", None),
    "withdraw": ("POST", "/withdraw", {"reason": "hat sich erledigt"}),
    "step": ("PATCH", "/engagement", "step"),
    "handler": ("PATCH", "/engagement", "handler"),
    "close": ("POST", "/engagement/close", "outcome"),
    "reopen": ("POST", "/engagement/reopen", None),
    "return": ("POST", "/engagement/return", {"reason": "not_reached"}),
    "ask": ("POST", "/engagement/return", {"reason": "not_reached"}),
    "release": ("POST", "/engagement/return/release", None),
    "withdraw_return": ("POST", "/engagement/return/withdraw", None),
    "return_accept": ("POST", "/engagement/return/accept", None),
    "return_refuse": ("POST", "/engagement/return/refuse", {"comment": "noch einmal, bitte"}),
    "revoke": ("POST", "/revoke", {"reason": "ohne Kontakt"}),
    "recycle": ("POST", "/recycle", None),
    "change": ("PATCH", "", "city"),
    "note": ("POST", "/notes", "text"),
    "message": ("POST", "/messages", {"text": "Guten Tag"}),
    "claim": ("POST", "/engagement/call", None),
    "hang_up": ("DELETE", "/engagement/call", None),
    "log": ("POST", "/engagement/calls", "call"),
    "follow_up": ("POST", "/follow-ups", "due"),
    "tick": ("PATCH", "/follow-ups/{}", {"done": True}),
}
# What there is about a lead -> the rest of its URL.
KINDS = {
    "notes": "/notes?limit=100",
    "messages": "/messages?limit=100",
    "history": "/history?limit=100",
    "engagement": "/engagement",
    "calls": "/engagement/calls?limit=100",
    "call": "/engagement/call",
    "due": "/follow-ups?limit=100",
}
# Which of them an operation changes, where it is not all.
CHANGED = {
    "note": ("notes",), "message": ("messages", "history"), "change": ("history",),
    "step": ("engagement", "history"), "handler": ("engagement", "history"),
    "claim": ("call",), "hang_up": ("call",), "log": ("calls", "call", "history"),
    "follow_up": ("due",), "tick": ("due",),
}  # fmt: skip
# A list -> what it is in the book.
WHAT = {
    "/leads": "leads", "/offers": "offers", "/engagements": "engagements",
    "/offers?as=operator": "offered", "/leads?as=operator": "as operator",
    "/leads?as=giver": "as giver", "/leads?as=taker": "as taker",
    "/offers?state=declined": "declined", "/receipts": "receipts",
    "/follow-ups?whose=mine": "mine",
}  # fmt: skip
GONE = ("lost", "expired", "withdrawn")
OTHERS = [*list(WHAT)[4:], *(f"/offers?state={state}" for state in GONE)]
FAR = "2030-01-01T12:00:00Z"


class Acts:
    """Sends operations to a town, and knows which engagement has which id."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.works: dict[str, list[str]] = {}

    def _body(self, op: str, who: Who, argument: Any, detail: str) -> Any:
        kind, ids = CALLS[op][2], self.town.ids
        if not isinstance(kind, str):
            return kind
        person = ids.people.get(argument) if isinstance(argument, str) else None
        match kind:
            case "companies":
                named = sorted(argument) if argument else None
                return named and {"company_ids": [str(ids.companies[c]) for c in named]}
            case "company":
                return {"company_id": str(ids.companies[argument])}
            case "handler":
                return {"handler_id": argument and str(person)}
            case "due":
                more = {"colleague_id": str(person)} if argument else {}
                return {"due_at": FAR, "text": "Nachfassen", **more}
            case "call":
                return {"outcome": argument}
            case "city":
                return {"prospect": {"city": detail}}
            case "text":
                return {"text": detail}
        return {kind: argument}

    async def act(
        self, op: str, who: Who, lead: str, argument: Any, match: str | None, detail: str
    ) -> Answer:
        """One operation with a lead."""
        method, rest, _ = CALLS[op]
        headers = {"if_match": match} if match and method == "PATCH" else {}
        path = self.town.lead(lead, rest.format(argument))
        body = self._body(op, who, argument, detail)
        answer = await self.town.ask(who, method, path, body, **headers)
        if answer.status == 200 and op in ("pick", "assign"):
            made = answer.json if op == "pick" else answer.json["engagement"]
            known = self.works.setdefault(lead, [])
            if made["id"] not in known:
                known.append(made["id"])
        return answer

    async def create(self, who: Who, number: int) -> Answer:
        """A draft."""
        body = {
            "prospect": {"name": "Petra Muster", "email": f"p{number}@muster.example",
                         "postcode": "20095", "city": "Ort"},
            "interest": f"Dach {number}", "distribution_permission": True,
        }  # fmt: skip
        return await self.town.ask(who, "POST", f"/marketplaces/{self.town.ids.market}/leads", body)


def _worked(e: Any) -> tuple[Any, ...]:
    return (e["state"], e["origin"], e["self_pick"], e["step"], e["company_name"], e["picked_by"],
            e["handler_name"])  # fmt: skip


class Eyes:
    """Reads what somebody's company sees, in the form of tests/cycle/book.py."""

    def __init__(self, acts: Acts, names: dict[str, str]) -> None:
        self.acts, self.town, self.names = acts, acts.town, names
        self.not_found: set[bytes] = set()

    async def _get(self, who: Who, path: str) -> Any:
        answer = await self.town.ask(who, "GET", path)
        if answer.status == 404:
            self.not_found.add(answer.body)
            return None
        assert answer.status == 200, f"GET {path} by {who}: {answer.status} {answer.body!r}"
        found = answer.json
        if isinstance(found, dict) and "next_cursor" in found:
            assert found["next_cursor"] is None
            return found["items"]
        return found

    def _lead(self, found: Any) -> tuple[Any, ...]:
        work = found.get("engagement")
        prospect = found.get("prospect")
        return (
            found["state"], found["operator_name"], found["giver_name"],
            found["engaged_company_name"], prospect and prospect["city"],
            _worked(work) if work else None,
        )  # fmt: skip

    async def shown(self, who: Who, lead: str) -> Any:
        """The lead."""
        found = await self._get(who, self.town.lead(lead))
        return found and self._lead(found)

    def _place(self, lead: str, engagement: str | None) -> int | None:
        return None if engagement is None else self.acts.works[lead].index(engagement)

    async def deep(self, who: Who, lead: str, kinds: Iterable[str]) -> dict[str, Any]:
        """Of KINDS."""
        found = await asyncio.gather(*(self._kind(who, lead, kind) for kind in kinds))
        return dict(zip(kinds, found, strict=True))

    async def _kind(self, who: Who, lead: str, kind: str) -> Any:
        if kind == "call":
            return await self._call(who, lead)
        rows = await self._get(who, self.town.lead(lead, KINDS[kind]))
        if not rows:
            return rows if rows is None else Counter()
        if kind == "engagement":
            return _worked(rows)
        if kind == "calls":
            return Counter(
                (self._place(lead, c["engagement_id"]), c["colleague_name"], c["outcome"])
                for c in rows
            )
        if kind == "due":
            return Counter(
                (self._colleague(f["colleague_id"]), f["text"], f["done_at"] is not None)
                for f in rows
            )
        return Counter(self._row(lead, row) for row in rows)

    def _row(self, lead: str, row: Any) -> tuple[Any, ...]:
        place = self._place(lead, row["engagement_id"])
        if "event" in row:
            detail = row["detail"]
            named = detail.get("company") or detail.get("handler")
            return (place, row["event"], row["company_name"], row["colleague_name"], named)
        if "company_name" in row:
            return (place, "message", row["company_name"], row["author_name"], None)
        return (place, row["author_name"], row["text"])

    def _colleague(self, number: str | None) -> str | None:
        people = self.town.ids.people.items()
        return next((name for name, other in people if str(other) == number), None)

    async def _call(self, who: Who, lead: str) -> Any:
        answer = await self.town.ask(who, "GET", self.town.lead(lead, "/engagement/call"))
        if answer.status != 200:
            return answer.status
        found = answer.json
        return (found["colleague"] and found["colleague"]["name"], found["attempts"])

    def _offer(self, o: Any) -> tuple[Any, ...]:
        lead = self.names[o["lead_id"]]
        return (lead, o["state"], o["wave"], o["placed_before"], o["company_name"],
                o["answered_by"])  # fmt: skip

    async def totals(self, who: Who, *, takes: bool, whole: bool) -> dict[str, Any]:
        """Its lists and counts: leads, what a taker and an operator have besides; `whole`: all."""
        paths = ["/leads"]
        paths += ["/offers", "/engagements"] if takes or whole else []
        paths += ["/offers?as=operator"] if whole or who.company == OPERATOR else []
        paths += OTHERS if whole else []
        counts, *rows = await asyncio.gather(
            self._get(who, "/counts"), *(self._get(who, _all_of(path)) for path in paths)
        )
        read = dict(zip(paths, rows, strict=True))
        found = {
            what: self._listed(path, rows)
            for path, rows in read.items()
            if (what := WHAT.get(path))
        }
        if whole:
            gone = (read[f"/offers?state={state}"] for state in GONE)
            found["gone"] = {self.names[o["lead_id"]] for rows in gone for o in rows}
        return found | {"counts": counts}

    def _listed(self, path: str, rows: Any) -> Any:
        names = self.names
        match path:
            case "/leads":
                return {names[row["id"]]: self._lead(row) for row in rows}
            case "/offers" | "/offers?as=operator":
                return Counter(self._offer(o) for o in rows)
            case "/engagements":
                return Counter(
                    (names[e["lead_id"]], *_worked(e), e["return_reason"],
                     e["ended_at"] is not None, e["version"] is not None)
                    for e in rows
                )  # fmt: skip
            case "/receipts":
                # The clock is turned by fives; a story takes less than that.
                return Counter(
                    (r["marketplace_name"], r["outcome"], r["postcode_area"],
                     r["seconds"] // 300 * 5, r["offered_together"])
                    for r in rows
                )  # fmt: skip
            case "/follow-ups?whose=mine":
                return Counter((names[f["lead_id"]], f["text"]) for f in rows)
        return {names[row.get("lead_id") or row["id"]] for row in rows}


def _all_of(path: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}limit=100"


def reader(company: str, roles: dict[Who, str], turn: int) -> Who | None:
    """One after another, of the colleagues that a company still has."""
    here = [who for who in roles if who.company == company and roles[who] != "key"]
    return here[turn % len(here)] if here else None

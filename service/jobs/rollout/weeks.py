"""The staged roll-out, as staff runs it: assign weeks, switch them, see where it stands."""

from collections import Counter
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from service.jobs.rollout import cohorts
from service.jobs.rollout.cohorts import Graph, WeekAssignment

Outcome = Literal["switched", "already", "unproven", "differs", "colleagues", "invited"]


class Member(msgspec.Struct):
    """A company of the former service. differences: of its latest proof; null without one."""

    company_id: UUID
    legacy_user_id: str
    name: str
    week: str | None
    features_on: bool
    overridden: bool
    colleagues: int
    proven_at: datetime | None
    differences: int | None


class Week(msgspec.Struct):
    """A week at a glance; week is null for companies that have none yet. Numbers are companies."""

    week: str | None
    switched_on: bool
    switched_at: datetime | None
    companies: int
    features_on: int
    several_colleagues: int
    overridden: int
    proven: int
    differing: int
    unproven: int
    oldest_proof: datetime | None
    latest_proof: datetime | None


class Imported(msgspec.Struct):
    """What is here of the former system. waiting: findings in quarantine."""

    cut_over_at: datetime | None
    users: int
    leads: int
    waiting: int


class Switched(msgspec.Struct):
    """What became of one company when its week was switched."""

    company_id: UUID
    legacy_user_id: str
    name: str
    outcome: Outcome


class CompanyUnknown(Exception):
    """No active company of the former service has this id or legacy number."""


class Undone(Exception):
    """Takes a dry run's transaction back."""


class Rollout:
    """Over a connection as kollegium_staff; everything it does is a function of the database."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def status(self) -> list[Week]:
        """The weeks in order; last the companies without a week, if there are any."""
        rows = await self._connection.fetch("select * from app.rollout_status()")
        return [msgspec.convert(dict(row), Week) for row in rows]

    async def imported(self) -> Imported:
        """How far the import is."""
        row = await self._connection.fetchrow("select * from app.legacy_progress()")
        return msgspec.convert(dict(row), Imported)

    async def members(self, week: str | None = None) -> list[Member]:
        """All companies of the former service, or those of one week."""
        rows = await self._connection.fetch("select * from app.list_cohorts()")
        members = [msgspec.convert(dict(row), Member) for row in rows]
        return [member for member in members if week in (None, member.week)]

    async def find(self, name: str) -> Member:
        """By company id or number of the legacy user. Raises CompanyUnknown."""
        for member in await self.members():
            if name in (str(member.company_id), member.legacy_user_id):
                return member
        raise CompanyUnknown(name)

    async def assign(self, *, anew: bool, dry_run: bool) -> WeekAssignment:
        """Gives weeks to those who have none; anew: also to those whose week is neither chosen by
        hand nor switched on for them."""
        members = await self.members()
        weeks = [week for week in await self.status() if week.week is not None]
        links = await self._connection.fetch("select * from app.list_cohort_links()")
        graph = Graph(
            (member.company_id for member in members),
            ((link["company_id"], link["marketplace_id"]) for link in links),
        )
        fixed = {
            member.company_id: member.week
            for member in members
            if member.week and (not anew or member.overridden or member.features_on)
        }
        result = _assigned(graph, weeks, fixed)
        if not dry_run:
            await self._connection.fetchval(
                "select app.assign_cohorts($1, $2)",
                list(result.weeks),
                list(result.weeks.values()),
            )
        return result

    async def look_ahead(self, load: int) -> WeekAssignment:
        """What `assign` would do after an import of this load; changes nothing."""
        weeks = [week for week in await self.status() if week.week is not None]
        links = await self._connection.fetch("select * from app.legacy_cohort_links($1)", load)
        graph = Graph(
            (link["company_id"] for link in links),
            (
                (link["company_id"], link["marketplace_id"])
                for link in links
                if link["marketplace_id"] is not None
            ),
        )
        fixed = {member.company_id: member.week for member in await self.members() if member.week}
        return _assigned(graph, weeks, fixed)

    async def move(self, company: UUID, week: str) -> None:
        """Chooses a week by hand; KG404 not-found for a week or company that is none."""
        await self._connection.fetchval("select app.move_to_cohort($1, $2)", company, week)

    async def switch(self, week: str, *, on: bool, unproven: bool, dry_run: bool) -> list[Switched]:
        """Switches a week; dry_run does the same in a transaction that is taken back."""
        found: list[Switched] = []
        try:
            async with self._connection.transaction():
                rows = await self._connection.fetch(
                    "select * from app.switch_cohort($1, $2, $3)", week, on, unproven
                )
                found = [msgspec.convert(dict(row), Switched) for row in rows]
                if dry_run:
                    raise Undone
        except Undone:
            pass
        return found


def _assigned(graph: Graph, weeks: list[Week], fixed: dict[UUID, str]) -> WeekAssignment:
    names = [str(week.week) for week in weeks]
    closed = frozenset(str(week.week) for week in weeks if week.switched_on)
    return cohorts.assign(graph, names, fixed, closed)


def counted(companies: list[Switched]) -> dict[str, int]:
    """How many had which outcome."""
    return dict(Counter(company.outcome for company in companies))

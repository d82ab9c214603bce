"""The table of what is done to one lead: who does it, how, and in which states it succeeds.

A function that touches leads has its line here; `test_pairs.py` asks the catalogue whether one is
missing. `$1` is the marketplace, `$2` the lead; other values are named in braces.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.fixtures.database import as_bearer
from tests.fixtures.world import World
from tests.locks.meeting import Doing


@dataclass(frozen=True)
class Act:
    """One thing that somebody does; `starts`: how far the lead is when it succeeds."""

    who: str
    sql: str
    starts: tuple[str, ...]

    @property
    def passes_over(self) -> bool:
        """Timers wait for no lead."""
        return self.who == "worker"

    def doing(self, world: World, lead: UUID, number: int) -> Doing:
        """The request: `who` enters and calls; `number` makes names new. Its answer is text."""
        values = {
            name: f"'{getattr(world, name).id}'::uuid"
            for name in ("huber", "klein", "lang", "ben", "cora")
        }
        call = self.sql.format(number=number, ben_email=f"'{world.ben.email}'", **values)
        sql = f"select ({call})::text where $1::uuid is not null and $2::uuid is not null"
        sql = call if call.startswith("update") else sql

        async def do(connection: Any) -> Any:
            if self.who in ("worker", "staff"):
                return await connection.fetchval(sql, world.nord_id, lead)
            async with as_bearer(connection, getattr(world, self.who).token):
                return await connection.fetchval(sql, world.nord_id, lead)

        return do


def _renamed(who: str, name: str, *starts: str) -> Act:
    return Act(who, f"app.change_company(null, '{name} {{number}}', null, null)", starts)


PICK = "select picked from app.pick_lead($1, $2)"
CHANGE = "app.change_colleague({who}, null, null, {active}, {name}, null) is not null"
SAME = "(select external_ref from app.lead where id = $2)"
WITHDRAWS = ("offered", "available", "merge ready", "merged")
JOINING = "silent, merge ready"
MERGE = "(select id from places.merge)"
PAUSE = """update app.participation set paused = true, version = version + 1
    where marketplace_id = $1 and company_id = {klein} and $2::uuid is not null returning paused"""
SPLIT = """app.split_colleague({ben_email}, 'Ben allein', array[$1::uuid], array[$2::uuid], 'Brief')
    is not null"""
ACTS: dict[str, Act] = {
    "Cora picks": Act("cora", PICK, ("offered", "overdue", "merge ready")),
    "Anna picks": Act("anna", PICK, ("offered", "declined", "merge ready", "merged")),
    "Ben picks": Act("ben", PICK, ("offered",)),
    "Cora declines": Act("cora", "select state from app.decline_offer($1, $2, 'x')", ("offered",)),
    "Anna declines": Act("anna", "select state from app.decline_offer($1, $2, 'y')", ("declined",)),
    "Cora re-opens": Act(
        "cora",
        "select state from app.reopen_offer($1, $2)",
        ("declined", "all declined", "grace over"),
    ),
    "Olga offers": Act(
        "olga", "app.offer_lead($1, $2, array[{lang}], 24)", ("available", "unplaced")
    ),
    "Olga offers to all": Act("olga", "app.offer_lead($1, $2, null, 24)", ("available",)),
    "Olga assigns": Act("olga", "app.assign_lead($1, $2, {lang})", ("offered", "all declined")),
    "Olga withdraws": Act("olga", "app.withdraw_lead($1, $2, 'x')", WITHDRAWS),
    "Gerd submits": Act("gerd", "app.submit_lead($1, $2)", ("draft",)),
    "Olga accepts": Act("olga", "app.accept_lead($1, $2)", ("submitted",)),
    "Olga rejects": Act("olga", "app.reject_lead($1, $2, 'x')", ("submitted",)),
    "Olga edits": Act(
        "olga",
        "app.change_lead($1, $2, null, jsonb_build_object('interest', 'Dach {number}'), '{{}}')",
        ("offered",),
    ),
    "Anna closes": Act("anna", "app.close_engagement($1, $2, 'won', 5)", ("engaged", "Ben works")),
    "Anna wants to return it": Act(
        "anna", "app.request_return($1, $2, 'other', null)", ("engaged", "Ben works")
    ),
    "Ben wants to return it": Act("ben", "app.request_return($1, $2, 'other', null)", ("engaged",)),
    "Anna releases that": Act("anna", "app.release_return($1, $2)", ("waiting",)),
    "Anna takes that back": Act(
        "anna", "app.withdraw_return($1, $2)", ("returning", "silent", "waiting")
    ),
    "Olga accepts it back": Act(
        "olga", "app.accept_return($1, $2, null)", ("returning", "silent", JOINING)
    ),
    "Olga refuses it": Act("olga", "app.refuse_return($1, $2, null)", ("returning", "silent")),
    "silence accepts it": Act("worker", "app.accept_silent_returns(100) >= 0", ("silent",)),
    "Olga recycles": Act("olga", "app.recycle_lead($1, $2)", ("closed", "came back")),
    "it is offered again": Act("worker", "app.offer_again(100) >= 0", ("came back",)),
    "Olga revokes": Act(
        "olga",
        "app.revoke_engagement($1, $2, 'x')",
        ("engaged", "Ben works", "returning", "silent", "waiting"),
    ),
    "Anna takes it up again": Act("anna", "app.reopen_engagement($1, $2)", ("closed", "came back")),
    "Anna hands over": Act(
        "anna", "app.change_engagement($1, $2, null, 'angebot', true, {ben})", ("engaged",)
    ),
    "Klein leaves": Act("cora", "app.end_participation($1, {klein})", ("offered", "declined")),
    "Olga removes Huber": Act(
        "olga", "app.end_participation($1, {huber})", ("offered", "declined")
    ),
    "Klein joins Huber": Act(
        "staff", f"app.run_merge({MERGE}) is not null", ("merge ready", JOINING)
    ),
    "they part again": Act("staff", f"app.undo_merge({MERGE}) is not null", ("merged",)),
    "Ben leaves with it": Act("staff", SPLIT, ("engaged", "Ben works", "closed")),
    "time passes": Act("worker", "app.expire_offers(100) >= 0", ("overdue",)),
    "the wave ends": Act("worker", "app.end_waves(100) >= 0", ("grace over",)),
    "Gerd sends it again": Act(
        "gerd",
        "select created from app.create_lead($1, 'Dach', '{{}}', true, '{{}}', false, 'test', "
        f"{SAME})",
        ("offered",),
    ),
    "Gerd writes": Act("gerd", "select text from app.add_message($1, $2, 'Hallo')", ("offered",)),
    "Ben calls": Act(
        "ben", "select company_id is not null from app.claim_call($1, $2)", ("engaged", "Ben works")
    ),
    "Olga notes": Act("olga", "select text from app.add_note($1, $2, 'Notiz')", ("engaged",)),
    "Klein is renamed": _renamed("cora", "Klein", "offered", "declined"),
    "Huber is renamed": _renamed("anna", "Huber", "engaged"),
    "Nord is renamed": _renamed("olga", "Nord", "offered"),
    "Geber is renamed": _renamed("gerd", "Geber", "offered"),
    "Nord changes": Act(
        "olga",
        "app.change_marketplace($1, null, jsonb_build_object('name', 'Markt {number}'))",
        ("offered", "merged", "engaged"),
    ),
    "Cora is renamed": Act(
        "cora",
        CHANGE.format(who="{cora}", active="null", name="'Cora {number}'"),
        ("offered",),
    ),
    "Ben is renamed": Act(
        "ben",
        CHANGE.format(who="{ben}", active="null", name="'Ben {number}'"),
        ("Ben works", "engaged"),
    ),
    "Ben goes": Act(
        "anna",
        CHANGE.format(who="{ben}", active="false", name="null"),
        ("Ben works", "engaged", "offered"),
    ),
    "Klein pauses": Act("cora", PAUSE, ("offered",)),
}

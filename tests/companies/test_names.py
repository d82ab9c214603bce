"""Printed names (docs/domain.md, case 11): live rows follow a rename, evidence keeps its name."""

from typing import Any

from service.jobs.worker import timers as worker
from tests.fixtures.database import connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market


async def _rename(market: Market, person: Person, name: str) -> None:
    renamed = await person.patch("/company", {"name": name})
    assert renamed.status_code == 200, renamed.text


async def _seen(market: Market, lead: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await market.olga.get(market.path(lead))).json()
    return answer


async def _rows(market: Market, sql: str, *values: Any) -> list[Any]:
    async with connected(market.urls.superuser) as superuser:
        return [row[0] for row in await superuser.fetch(sql, *values)]


async def test_leads_and_open_offers_show_the_new_name(market: Market) -> None:
    offered = await market.offered(market.world.huber, market.world.klein)
    engaged = await market.offered(market.world.huber)
    await market.anna.post(market.path(engaged, "/pick"))
    await _rename(market, market.anna, "Huber Solar")
    await _rename(market, market.gerd, "Geber & Co")
    await _rename(market, market.olga, "Nord AG")
    for lead in (offered, engaged):
        seen = await _seen(market, lead)
        assert (seen["giver_name"], seen["operator_name"]) == ("Geber & Co", "Nord AG")
    assert (await _seen(market, engaged))["engaged_company_name"] == "Huber Solar"
    names = "select company_name from app.offer where lead_id = $1 and state = 'open' order by 1"
    assert await _rows(market, names, offered) == ["Firma Klein", "Huber Solar"]
    names = "select company_name from app.engagement where lead_id = $1"
    assert await _rows(market, names, engaged) == ["Huber Solar"]
    cards = "select company_name from app.participation where company_id = $1"
    assert await _rows(market, cards, market.world.huber.id) == ["Huber Solar"]


async def test_evidence_keeps_the_name_of_its_time(market: Market) -> None:
    """And what is taken up again is live again."""
    await _rename(market, market.anna, "Huber Alt")
    lead = await market.offered(market.world.huber)
    await market.ben.post(market.path(lead, "/pick"))
    await market.ben.post(market.path(lead, "/engagement/close"), {"outcome": "lost"})
    await market.ben.patch(f"/colleagues/{market.world.ben.id}", {"name": "Ben Neu"})
    await _rename(market, market.anna, "Huber Neu")
    assert (await _seen(market, lead))["engaged_company_name"] == "Huber Neu"
    engagement = (
        "select company_name || ', ' || handler_name from app.engagement where lead_id = $1"
    )
    assert await _rows(market, engagement, lead) == ["Huber Alt, Ben"]
    for table in ("disclosure", "history"):
        names = (
            f"select distinct company_name from app.{table} where lead_id = $1 and company_id = $2"
        )
        assert await _rows(market, names, lead, market.world.huber.id) == ["Huber Alt"], table
    reopened = await market.anna.post(market.path(lead, "/engagement/reopen"))
    assert reopened.status_code == 200, reopened.text
    assert await _rows(market, engagement, lead) == ["Huber Neu, Ben Neu"]


async def test_a_large_company_is_renamed_some_leads_at_a_time(market: Market) -> None:
    """The rest is the worker's: no request locks all leads of a company."""
    for _ in range(5):
        await market.draft()
    async with (
        connected(market.urls.superuser) as superuser,
        connected(market.urls.worker) as timer,
    ):
        former = "select count(*) from app.lead where giver_name = 'Vormals'"
        await superuser.execute(
            "update app.lead set giver_name = 'Vormals' where giver_company_id = $1",
            market.world.geber.id,
        )
        await superuser.execute(
            "update app.company set names_due_before = 'ffffffff-ffff-ffff-ffff-ffffffffffff' "
            "where id = $1",
            market.world.geber.id,
        )
        before = await superuser.fetchval(former)
        assert await timer.fetchval("select app.print_names(2)") == 2
        assert await superuser.fetchval(former) == before - 2
        assert await worker.print_names(timer) >= before - 2
        assert await superuser.fetchval(former) == 0
        assert await timer.fetchval("select app.print_names(2)") == 0

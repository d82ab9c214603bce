"""Who sees a lead, and why, as its operator asks over HTTP."""

from typing import Any

import httpx
import pytest

from tests.fixtures.market import Market, slug


async def asked(market: Market, lead: str, **query: str) -> list[dict[str, Any]]:
    """The lines that Olga of Firma Nord reads."""
    answer = await market.olga.get(market.path(lead, "/access"), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]  # type: ignore[no-any-return]


def told(lines: list[dict[str, Any]], company: str) -> dict[str, set[str]]:
    """Part -> why, of one company."""
    found: dict[str, set[str]] = {}
    for line in lines:
        if line["company_name"] == company:
            found.setdefault(line["part"], set()).add(line["because"])
    return found


async def test_each_company_is_named_with_its_reason(market: Market) -> None:
    lead = await market.offered(market.world.huber, market.world.klein)
    lines = await asked(market, lead)
    assert told(lines, "Firma Nord")["person"] == {"operator"}
    assert told(lines, "Firma Geber")["lead"] == {"giver"}
    assert told(lines, "Firma Huber") == {"offer": {"offered"}}
    (offer,) = [line for line in lines if line["company_name"] == "Firma Klein"]
    assert (offer["policy"], offer["sees"]) == ("select_own_or_operator", True)
    assert offer["until"] is not None
    assert (await market.ben.post(market.path(lead, "/pick"))).status_code == 200
    lines = await asked(market, lead)
    assert told(lines, "Firma Huber")["person"] == {"engaged"}
    assert told(lines, "Firma Klein") == {}


async def test_why_a_company_does_not_see_it(market: Market) -> None:
    world = market.world
    lead = await market.offered(world.huber, world.klein)
    await market.ben.post(market.path(lead, "/pick"))
    lines = await asked(market, lead, company=str(world.klein.id))
    assert {line["company_name"] for line in lines} == {"Firma Klein"}
    assert not any(line["sees"] for line in lines)
    assert told(lines, "Firma Klein")["person"] == {"offer-lost"}
    lang = await asked(market, lead, company=str(world.lang.id))
    assert told(lang, "Firma Lang")["lead"] == {"never-offered"}
    huber = told(await asked(market, lead, company=str(world.huber.id)), "Firma Huber")
    assert huber["conversation"] == {"engaged"}
    assert "unexplained" not in {reason for reasons in huber.values() for reason in reasons}


async def test_by_which_rule_it_was_left_out(market: Market) -> None:
    lang = str(market.world.lang.id)
    card = f"/marketplaces/{market.m}/participations/{lang}"
    lead = await market.draft(submit=True)
    await market.olga.post(market.path(lead, "/accept"))
    for paused in (True, False):
        changed = await market.lena.patch(card, {"paused": paused}, headers={"If-Match": "*"})
        assert changed.status_code == 200, changed.text
        if paused:
            offered = await market.olga.post(market.path(lead, "/offer"))
            assert offered.status_code == 200, offered.text
    lines = await asked(market, lead, company=lang)
    assert told(lines, "Firma Lang")["offer"] == {"left-out"}
    assert {line["left_out"] for line in lines if line["because"] == "left-out"} == {"paused"}


async def test_as_it_was(market: Market) -> None:
    """Before the pick both had an offer; before it came in, nobody saw anything."""
    world = market.world
    lead = await market.offered(world.huber, world.klein)
    before = (await asked(market, lead))[0]["since"]
    at = max(line["since"] for line in await asked(market, lead) if line["part"] == "offer"
             and line["because"] == "offered")  # fmt: skip
    await market.ben.post(market.path(lead, "/pick"))
    then = await asked(market, lead, at=at)
    assert told(then, "Firma Klein") == told(then, "Firma Huber") == {"offer": {"offered"}}
    assert "Firma Klein" not in {line["company_name"] for line in await asked(market, lead)}
    early = await asked(market, lead, at="2020-01-01T00:00:00Z", company=str(world.nord.id))
    assert {line["because"] for line in early} == {"not-yet"}
    assert before


async def test_it_is_told_in_german(market: Market) -> None:
    lead = await market.draft()
    answer = await market.olga.get(market.path(lead, "/access"), headers={"Accept-Language": "de"})
    assert "betreibt den Marktplatz" in {line["why"] for line in answer.json()["items"]}


@pytest.mark.parametrize("who", ["gerd", "ben", "cora", "lena", "nina", "fritz"])
async def test_nobody_else_may_ask(market: Market, who: str) -> None:
    """Giver, taker, losing taker, partner, invited, stranger: one answer, as for no lead at all."""
    lead = await market.offered(market.world.huber, market.world.klein)
    await market.ben.post(market.path(lead, "/pick"))
    person = getattr(market, who)
    refused: httpx.Response = await person.get(market.path(lead, "/access"))
    nothing = await person.get(market.path("01890000-0000-7000-8000-000000000000", "/access"))
    assert (refused.status_code, slug(refused)) == (404, "not-found")
    assert refused.content == nothing.content


async def test_what_others_have_for_themselves_is_not_told(market: Market) -> None:
    """Huber's notes, colleagues and unreleased wish to return it are Huber's; a stranger's name,
    and that of who has not answered an invitation, is nobody's."""
    world = market.world
    lead = await market.offered(world.huber)
    await market.ben.post(market.path(lead, "/pick"))
    await market.ben.post(market.path(lead, "/notes"), json={"text": "intern"})
    lines = await asked(market, lead)
    assert "own" not in {line["part"] for line in lines}
    assert {line["company_name"] for line in lines if line["colleagues"]} == {"Firma Nord"}
    assert {tuple(line["colleagues"]) for line in lines if line["colleagues"]} == {("Olga", "Otto")}
    for stranger in (world.fremd, world.neu):
        answer = await market.olga.get(
            market.path(lead, "/access"), params={"company": str(stranger.id)}
        )
        assert answer.status_code == 404

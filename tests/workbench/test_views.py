"""Lists that colleagues find again, and who looks at a lead: told to one's own company alone."""

import pytest

from tests.fixtures.database import connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market

ADDRESS = "/app/leads?handler=me&state=engaged"


async def names(person: Person) -> list[str]:
    answer = await person.get("/views")
    return [one["name"] for one in answer.json()["items"]]


async def test_a_view_is_the_companys(market: Market) -> None:
    made = await market.anna.post("/views", {"name": "Meine offenen", "address": ADDRESS})
    assert made.status_code == 201, made.text
    again = await market.ben.post("/views", {"name": "Meine offenen", "address": "/app/leads"})
    assert again.status_code == 201
    assert await names(market.anna) == ["Meine offenen"]
    assert (await market.anna.get("/views")).json()["items"][0]["address"] == "/app/leads"
    assert await names(market.cora) == []
    path = f"/views/{again.json()['id']}"
    assert (await market.cora.delete(path)).status_code == 404
    assert await names(market.ben) == ["Meine offenen"]
    assert (await market.anna.delete(path)).status_code == 204
    assert await names(market.ben) == []


@pytest.mark.parametrize(
    "address",
    ["https://elsewhere.example/app/", "//elsewhere.example", "/docs", "/app/a b", "/app/<b>", ""],
    ids=["other", "scheme-relative", "outside", "space", "markup", "empty"],
)
async def test_a_view_leads_into_the_workbench(market: Market, address: str) -> None:
    answer = await market.anna.post("/views", {"name": "x", "address": address})
    assert answer.status_code == 400, answer.text


async def test_colleagues_see_who_looks_at_a_lead(market: Market) -> None:
    lead = await market.offered(market.world.huber)
    assert (await market.anna.post(market.path(lead, "/pick"))).status_code == 200
    path = market.path(lead, "/presence")
    assert (await market.anna.put(path, None)).json() == {"colleagues": []}
    seen = (await market.ben.put(path, None)).json()["colleagues"]
    assert seen == [(await market.anna.get("/me")).json()["colleague"]["name"]]
    operator = await market.olga.put(path, None)
    assert operator.json() == {"colleagues": []}, "nobody is told of another company's people"
    assert (await market.cora.put(path, None)).status_code == 404
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute("update app_private.presence set until = now() - interval '1 s'")
        await superuser.execute("select app_private.purge_presence()")
        assert await superuser.fetchval("select count(*) from app_private.presence") == 0
    assert (await market.ben.put(path, None)).json() == {"colleagues": []}

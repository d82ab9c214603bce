"""The ways back: who has had a lead keeps what was its own, and who comes next starts empty."""

from typing import Any

import httpx

from tests.fixtures.database import as_bearer, connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, offers_of, slug, state

# Every row of app that the caller reads, as text: columns that nobody thought of included.
TABLES = """select c.relname as name,
    (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       and has_column_privilege('kollegium_api', c.oid, a.attnum, 'select')) as columns
  from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')"""


async def read(market: Market, who: Person, lead: str) -> str:
    """All that stands in any column of any row that who reads, of one lead where rows have one."""
    async with connected(market.urls.superuser) as superuser:
        tables = await superuser.fetch(TABLES)
    found = []
    async with connected(market.urls.api) as api, as_bearer(api, who.token):
        for table in tables:
            names = table["columns"].split(", ")
            of = next((n for n in ("lead_id", "id") if n in names), None)
            where = (
                f" where {of} = '{lead}'" if "lead_id" in names or table["name"] == "lead" else ""
            )
            rows = await api.fetch(
                f"select to_jsonb(x)::text from (select {table['columns']} from"
                f" app.{table['name']}{where}) x"
            )
            found += [f"{table['name']}: {row[0]}" for row in rows]
    return "\n".join(found)


async def items(who: Person, path: str) -> list[dict[str, Any]]:
    answer = await who.get(path)
    assert answer.status_code == 200, f"{path}: {answer.text}"
    return list(answer.json()["items"])


async def ok(answer: Any, status: int = 200) -> Any:
    found: httpx.Response = await answer
    assert found.status_code == status, found.text
    return found.json()


async def worked(market: Market) -> str:
    """A lead with a word of the operator's, picked by Ben of Huber, who writes and hands over."""
    lead = await market.offered(market.world.huber, market.world.klein)
    await ok(market.olga.post(market.path(lead, "/messages"), {"text": "Vorab"}), 201)
    await ok(market.ben.post(market.path(lead, "/pick")))
    await ok(market.ben.post(market.path(lead, "/messages"), {"text": "Wann passt es?"}), 201)
    await ok(market.gerd.post(market.path(lead, "/messages"), {"text": "Abends"}), 201)
    await ok(market.anna.post(market.path(lead, "/notes"), {"text": "ruft zurück"}), 201)
    to_dora = {"handler_id": str(market.world.dora.id), "step": "kontaktiert"}
    await ok(market.dora.patch(market.path(lead, "/engagement"), to_dora, etag="*"))
    return lead


async def returned(market: Market) -> str:
    lead = await worked(market)
    asked = market.anna.post(market.path(lead, "/engagement/return"), {"reason": "not_reached"})
    assert (await ok(asked, 202))["state"] == "return_requested"
    accepted = await ok(market.olga.post(market.path(lead, "/engagement/return/accept")))
    assert accepted["state"] == "returned"
    return lead


async def test_until_the_operator_decides_the_taker_works_it(market: Market) -> None:
    lead = await worked(market)
    path = market.path(lead, "/engagement")
    body = {"reason": "not_reached", "comment": "Vier Versuche"}
    assert (await ok(market.anna.post(f"{path}/return", body), 202))[
        "return_reason"
    ] == "not_reached"
    assert (await ok(market.anna.get(market.path(lead))))["prospect"]["name"] == "Petra Muster"
    await ok(market.anna.patch(path, {"step": "angebot"}, etag="*"))
    again = await market.anna.post(f"{path}/return", body)
    assert (again.status_code, slug(again)) == (409, "engagement-state")
    closing = await market.anna.post(f"{path}/close", {"outcome": "won"})
    assert (closing.status_code, slug(closing)) == (409, "engagement-state")
    for who, status in ((market.gerd, 403), (market.anna, 403), (market.cora, 404)):
        assert (await who.post(f"{path}/return/accept")).status_code == status
    mail = (await market.mails_to("olga@nord.example"))[0]
    assert (mail["template"], mail["payload"]["company"]) == ("return-requested", "Firma Huber")
    refused = await ok(market.olga.post(f"{path}/return/refuse", {"comment": "Bitte abends"}))
    assert refused["state"] == "active"
    await ok(market.ben.post(f"{path}/close", {"outcome": "won", "value": 10}))
    assert (await market.olga.post(f"{path}/return/accept")).status_code == 409


async def test_a_reason_is_one_of_the_marketplaces(market: Market) -> None:
    lead = await worked(market)
    path = market.path(lead, "/engagement/return")
    assert (await market.anna.post(path, {"reason": "Keine Lust"})).status_code == 400
    refused = await market.anna.post(path, {"reason": "no_wish"})
    assert (refused.status_code, slug(refused)) == (422, "return-reason-unknown")
    assert "not_reached" in refused.json()["reasons"]
    assert (await ok(market.anna.get(market.path(lead, "/engagement"))))["state"] == "active"


async def test_the_returner_keeps_its_own_and_loses_the_person(market: Market) -> None:
    lead = await returned(market)
    path = market.path(lead)
    assert await state(market, lead) == "available"
    for who in (market.anna, market.ben, market.dora):
        assert (await who.get(path)).status_code == 404
        texts = [m["text"] for m in await items(who, f"{path}/messages")]
        assert texts == ["Abends", "Wann passt es?"]  # and not what was said before
        assert [n["text"] for n in await items(who, f"{path}/notes")] == ["ruft zurück"]
        events = await items(who, f"{path}/history")
        assert [e["event"] for e in events][::-1] == [
            "picked", "handler-changed", "step-changed", "return-requested", "returned",
        ]  # fmt: skip
        assert events[3]["detail"]["handler"] == "Dora"
        seen = await ok(who.get(f"{path}/engagement"))
        assert (seen["company_name"], seen["picked_by"], seen["handler_name"]) == (
            "Firma Huber", "Ben", "Dora",
        )  # fmt: skip
        assert {e["engagement_id"] for e in events} == {seen["id"]}
        mine = await items(who, "/engagements?state=returned")
        assert seen["id"] in [e["id"] for e in mine]
    for method, rest, body in (
        ("post", "/notes", {"text": "x"}), ("post", "/messages", {"text": "x"}),
        ("post", "/engagement/close", {"outcome": "won"}), ("post", "/engagement/reopen", None),
        ("post", "/engagement/return", {"reason": "other"}),
    ):  # fmt: skip
        refused = await getattr(market.anna, method)(f"{path}{rest}", body)
        assert (refused.status_code, slug(refused)) == (409, "engagement-state"), rest
        assert refused.json()["state"] == "returned"
    late = await market.anna.post(f"{path}/pick")
    assert (late.status_code, slug(late)) == (409, "lead-no-longer-available")
    assert (await market.mails_to("anna@huber.example"))[0]["template"] == "return-accepted"
    assert "Petra" not in await read(market, market.anna, lead)
    assert "Petra" in await read(market, market.olga, lead)


async def test_the_next_taker_starts_empty(market: Market) -> None:
    lead = await returned(market)
    await ok(market.olga.post(market.path(lead, "/offer"), {}))
    assert lead not in await offers_of(market.anna)  # the returner is left out
    chosen = {"company_ids": [str(market.world.huber.id)]}
    offer = next(o for o in await items(market.cora, "/offers?limit=100") if o["lead_id"] == lead)
    assert offer["placed_before"] == 1
    assert "Huber" not in await read(market, market.cora, lead)
    await ok(market.cora.post(market.path(lead, "/pick")))
    path = market.path(lead)
    assert await items(market.cora, f"{path}/messages") == []
    assert await items(market.cora, f"{path}/notes") == []
    assert [e["event"] for e in await items(market.cora, f"{path}/history")] == ["picked"]
    former = (await ok(market.anna.get(f"{path}/engagement")))["id"]
    assert (await market.cora.get(f"{path}/engagement?engagement_id={former}")).status_code == 404
    assert await items(market.cora, f"{path}/messages?engagement_id={former}") == []
    assert "Huber" not in await read(market, market.cora, lead)
    assert "Klein" not in await read(market, market.anna, lead)
    await ok(market.cora.post(f"{path}/messages", {"text": "Neu"}), 201)
    assert (await items(market.anna, f"{path}/messages"))[0]["text"] == "Abends"
    # The control: operator and giver read both conversations and what was before.
    for who in (market.olga, market.gerd):
        texts = [m["text"] for m in await items(who, f"{path}/messages")]
        assert texts == ["Neu", "Abends", "Wann passt es?", "Vorab"]
    await ok(market.olga.post(f"{path}/revoke", {"reason": "x"}))
    refused = await market.olga.post(f"{path}/offer", chosen)
    assert (refused.status_code, slug(refused)) == (422, "taker-unfit")


async def test_the_giver_reads_no_former_taker(market: Market) -> None:
    lead = await worked(market)
    path = market.path(lead)
    names = ("Huber", "Ben", "Anna", "Dora")
    now = await read(market, market.gerd, lead)
    assert all(f'"{name}"' in now or f"Firma {name}" in now for name in ("Ben", "Dora", "Huber"))
    await ok(market.anna.post(f"{path}/engagement/return", {"reason": "other"}), 202)
    await ok(market.olga.post(f"{path}/engagement/return/accept"))
    after = await read(market, market.gerd, lead)
    for name in names:
        assert f"{name}" not in after.replace("Wann", ""), name
    assert "Wann passt es?" in after  # the control: the words stay, without their author
    operators = await read(market, market.olga, lead)
    assert all(name in operators for name in names)
    # The same over HTTP, in lists and on the engagement.
    said = await items(market.gerd, f"{path}/messages")
    assert [(m["text"], m["company_name"], m["author_name"]) for m in said[:2]] == [
        ("Abends", "Firma Geber", "Gerd"), ("Wann passt es?", None, None),
    ]  # fmt: skip
    seen = await ok(market.gerd.get(f"{path}/engagement"))
    assert [seen[k] for k in ("company_id", "company_name", "picked_by", "handler_name")] == [
        None
    ] * 4
    events = await items(market.gerd, f"{path}/history")
    assert not [e for e in events if "Huber" in str(e) or "Dora" in str(e)]
    assert "Firma Huber" in [
        m["company_name"] for m in await items(market.olga, f"{path}/messages")
    ]
    assert [e for e in await items(market.olga, f"{path}/history") if e["detail"].get("handler")]
    mails = [m for m in await market.mails_to("gerd@geber.example") if lead in str(m["payload"])]
    assert "return-accepted" not in {m["template"] for m in mails}


async def test_the_operator_revokes(market: Market) -> None:
    lead = await worked(market)
    assert (await market.olga.post(market.path(lead, "/revoke"), {})).status_code == 400
    for who, status in ((market.gerd, 403), (market.anna, 403), (market.cora, 404)):
        revoked = await who.post(market.path(lead, "/revoke"), {"reason": "Stillstand"})
        assert revoked.status_code == status
    shown = await ok(market.olga.post(market.path(lead, "/revoke"), {"reason": "Stillstand"}))
    assert (shown["state"], shown["engaged_company_name"]) == ("available", None)
    assert (await market.ben.get(market.path(lead))).status_code == 404
    mail = (await market.mails_to("ben@huber.example"))[0]
    assert (mail["template"], mail["payload"]["reason"]) == ("lead-revoked", "Stillstand")
    again = await market.olga.post(market.path(lead, "/revoke"), {"reason": "x"})
    assert (again.status_code, slug(again)) == (409, "lead-state")
    # It may be assigned to the same company: the new engagement is its latest one.
    body = {"company_id": str(market.world.huber.id)}
    await ok(market.olga.post(market.path(lead, "/assign"), body))
    assert await items(market.anna, market.path(lead, "/messages")) == []
    both = [e for e in await items(market.anna, "/engagements") if e["lead_id"] == lead]
    assert [e["state"] for e in both] == ["active", "revoked"]
    former = market.path(lead, f"/messages?engagement_id={both[1]['id']}")
    assert len(await items(market.anna, former)) == 2
    assert (
        len(await items(market.anna, market.path(lead, f"/notes?engagement_id={both[1]['id']}")))
        == 1
    )


async def test_a_lost_lead_is_recycled(market: Market) -> None:
    lead = await worked(market)
    path = market.path(lead)
    assert (await market.olga.post(f"{path}/recycle")).status_code == 409
    await ok(market.anna.post(f"{path}/engagement/close", {"outcome": "lost"}))
    assert (await market.anna.post(f"{path}/recycle")).status_code == 403
    assert (await ok(market.olga.post(f"{path}/recycle")))["state"] == "available"
    assert (await market.anna.get(path)).status_code == 404
    assert (await ok(market.anna.get(f"{path}/engagement")))["state"] == "lost"
    assert (await market.anna.post(f"{path}/engagement/reopen")).status_code == 409
    assert "Huber" not in await read(market, market.gerd, lead)
    won = await worked(market)
    await ok(market.anna.post(market.path(won, "/engagement/close"), {"outcome": "won"}))
    refused = await market.olga.post(market.path(won, "/recycle"))
    assert (refused.status_code, slug(refused)) == (409, "engagement-state")


async def test_who_never_had_it_finds_nothing(market: Market) -> None:
    lead = await returned(market)
    for rest in ("", "/messages", "/notes", "/history", "/engagement"):
        for who in (market.cora, market.lena, market.fritz):
            assert (await who.get(market.path(lead, rest))).status_code == 404
        assert (await market.olga.get(market.path(lead, rest))).status_code == 200  # the control

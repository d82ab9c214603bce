"""By whichever door a lead comes, takers are shown no contact data before the pick."""

import json
from typing import Any

from tests.fixtures.database import NewDatabase, connected
from tests.fixtures.http import from_address, log_in, running
from tests.fixtures.market import Market
from tests.legacy.system import PASSWORD, build, imported

INTEREST = "Dach 120 m², bitte 0171 1234567 oder petra [at] muster.example, PLZ 25746"
SHOWN = "Dach 120 m², bitte … oder …, PLZ 25746"
TAGS = ["dach", "0171-1234567"]
SECRETS = ("1234567", "petra", "muster.example")
FILE = (
    "Vorname;Nachname;PLZ;Ort;Telefon;E-Mail;Anliegen;Einwilligung\n"
    f"Petra;Datei;25746;Heide;030 23125000;petra@datei.example;{INTEREST};ja\n"
).encode()


async def shown(market: Market, lead: str) -> Any:
    """The offer for a lead as the taker's colleague gets it."""
    items = (await market.anna.get("/offers?state=open&limit=100")).json()["items"]
    return next(item for item in items if item["lead_id"] == lead)


async def assert_nothing_tells(market: Market, lead: str, interest: str = SHOWN) -> None:
    """Neither the offer nor a mail of anybody, whatever happens to the lead."""
    offer = await shown(market, lead)
    assert offer["teaser"]["interest"] == interest
    assert offer["teaser"]["tags"] == ["dach"]
    assert not any(secret in json.dumps(offer) for secret in SECRETS)
    async with connected(market.urls.superuser) as superuser:
        await superuser.fetchval("select app.mail_events()")
        rows = await superuser.fetch("select payload::text from app_private.outbox")
    told = [row[0] for row in rows if row[0] and any(secret in row[0] for secret in SECRETS)]
    assert told == []


async def test_an_api_lead(market: Market) -> None:
    """POST; the operator reads what became of it, the parties what was written."""
    lead = await market.offered(market.world.huber, interest=INTEREST, tags=TAGS)
    await assert_nothing_tells(market, lead)
    read = (await market.olga.get(market.path(lead))).json()
    assert read["interest"] == INTEREST
    assert read["teaser"] == {"interest": SHOWN, "postcode_area": "", "tags": ["dach"]}
    listed = (await market.olga.get("/leads?as=operator&limit=1")).json()["items"][0]
    assert listed["teaser"] == read["teaser"]
    picked = await market.anna.post(market.path(lead, "/pick"))
    assert picked.status_code == 200, picked.text
    assert (await market.anna.get(market.path(lead))).json()["interest"] == INTEREST
    plain = await market.offered(market.world.huber, interest="Dach 120 m²", tags=["dach"])
    assert "teaser" not in (await market.olga.get(market.path(plain))).json()


async def test_a_changed_lead(market: Market) -> None:
    """PATCH before the offer, and while it is open: what is reworded reaches the offers."""
    lead = await market.draft()
    change = {"interest": INTEREST, "tags": TAGS}
    patched = await market.olga.patch(market.path(lead), change, headers={"If-Match": "*"})
    assert patched.json()["teaser"]["interest"] == SHOWN
    assert (await market.olga.post(market.path(lead, "/accept"))).status_code == 200
    chosen = {"company_ids": [str(market.world.huber.id)]}
    assert (await market.olga.post(market.path(lead, "/offer"), chosen)).status_code == 200
    await assert_nothing_tells(market, lead)
    for interest, seen in (("Dach, Mail p@muster.example", "Dach, Mail …"), ("Nur das Dach",) * 2):
        patched = await market.olga.patch(
            market.path(lead), {"interest": interest}, headers={"If-Match": "*"}
        )
        assert patched.status_code == 200, patched.text
        await assert_nothing_tells(market, lead, seen)
    assert "tags" in patched.json()["teaser"]
    patched = await market.olga.patch(
        market.path(lead), {"tags": ["dach"]}, headers={"If-Match": "*"}
    )
    assert "teaser" not in patched.json()


async def test_mails_of_the_whole_life(market: Market) -> None:
    """Unplaced, assigned, engaged: the subject is the teaser's."""
    lead = await market.offered(market.world.huber, interest=INTEREST, tags=TAGS)
    chosen = {"company_id": str(market.world.huber.id)}
    assert (await market.olga.post(market.path(lead, "/assign"), chosen)).status_code == 200
    async with connected(market.urls.superuser) as superuser:
        await superuser.fetchval("select app.mail_events()")
        rows = await superuser.fetch(
            "select distinct template from app_private.outbox where payload ->> 'interest' = $1",
            SHOWN,
        )
        all_rows = await superuser.fetch("select payload::text from app_private.outbox")
    assert {row[0] for row in rows} >= {"offer-opened", "lead-engaged", "lead-assigned"}
    assert not [row for row in all_rows if any(secret in row[0] for secret in SECRETS)]


async def test_an_imported_lead(market: Market) -> None:
    """A file: its full text is for the parties."""
    made = await market.olga.post(
        f"/imports?marketplace={market.m}&filename=datei.csv",
        content=FILE,
        headers={"Content-Type": "text/csv"},
    )
    assert made.status_code == 201, made.text
    lead = made.json()["rows"][0]["lead_id"]
    read = (await market.olga.get(market.path(lead))).json()
    assert (read["interest"], read["teaser"]["interest"]) == (INTEREST, SHOWN)


async def test_a_lead_of_the_former_system(new_database: NewDatabase) -> None:
    """Its offers come over without contact data, and follow without it."""
    async with new_database() as urls, connected(urls.superuser) as superuser:
        await build(superuser)
        await superuser.execute("update legacy.leads set interest = $1 where id = 2", INTEREST)
        await imported(urls)
        seen = "select interest, tags from app.offer where state = 'open'"
        assert (await superuser.fetchrow(seen))["interest"] == SHOWN
        async with running(urls.api) as app, from_address(app) as client:
            olga = await log_in(client, "olga@nord.example", PASSWORD)
            leads = (await olga.get("/leads?as=operator&state=offered")).json()["items"]
        assert [lead["teaser"]["interest"] for lead in leads] == [SHOWN]


async def test_every_function_that_writes_offers_asks_the_rule(market: Market) -> None:
    """A new door that forgets it is found in the catalogue. Merges put back what they took away."""
    async with connected(market.urls.superuser) as superuser:
        rows = await superuser.fetch(
            "select p.oid::regproc::text as name, p.prosrc as body from pg_proc p"
            " where p.pronamespace in ('app'::regnamespace, 'app_private'::regnamespace)"
        )
    bodies = {row["name"]: row["body"] for row in rows}
    writers = {name for name, body in bodies.items() if "insert into app.offer " in body}
    assert writers == {"app_private.open_wave", "app_private.legacy_write_offers"}
    for name in ("app_private.open_wave", "app_private.legacy_offers_of"):
        assert "app_private.teaser(" in bodies[name]
        assert "app_private.teaser_tags(" in bodies[name]

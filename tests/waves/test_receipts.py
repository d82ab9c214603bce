"""What a company keeps of an ended offer: neither lead nor person nor who won."""

from tests.fixtures.market import Market

FIELDS = {
    "marketplace_name", "postcode_area", "offered_at", "outcome", "seconds", "offered_together",
}  # fmt: skip


async def test_receipts_tell_how_it_ended_and_name_nobody(market: Market) -> None:
    world = market.world
    before = (await market.cora.get("/receipts?limit=1")).json()["items"]
    prospect = {"name": "Petra Beleg", "postcode": "25813"}
    lead = await market.offered(world.klein, world.huber, prospect=prospect, interest="Belegdach")
    assert (await market.cora.get("/receipts?limit=1")).json()["items"] == before  # still open
    assert (await market.anna.post(market.path(lead, "/pick"))).status_code == 200
    answer = await market.cora.get("/receipts")
    lost = answer.json()["items"][0]
    assert set(lost) == FIELDS
    assert lost["marketplace_name"] == "Marktplatz Nord"
    assert (lost["outcome"], lost["postcode_area"], lost["offered_together"]) == ("lost", "25", 2)
    assert 0 <= lost["seconds"] < 60
    for told in ("Huber", "Anna", lead, "Petra", "Belegdach", str(world.huber.id)):
        assert told not in answer.text
    ours = (await market.ben.get("/receipts")).json()["items"][0]
    assert ours == lost | {"outcome": "picked"}
    declined = await market.offered(world.klein)
    await market.cora.post(market.path(declined, "/decline"))
    withdrawn = await market.offered(world.klein)
    await market.olga.post(market.path(withdrawn, "/withdraw"))
    items = (await market.cora.get("/receipts")).json()["items"]
    assert [one["outcome"] for one in items[:3]] == ["withdrawn", "declined", "lost"]
    for nobody in (market.fritz, market.gerd, market.olga):
        assert (await nobody.get("/receipts")).json()["items"] == []


async def test_pages_of_receipts_follow_each_other(market: Market) -> None:
    whole = (await market.cora.get("/receipts?limit=100")).json()["items"]
    assert len(whole) >= 3
    walked, cursor = [], ""
    while cursor is not None:
        page = (await market.cora.get(f"/receipts?limit=1{cursor}")).json()
        walked += page["items"]
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert walked == whole

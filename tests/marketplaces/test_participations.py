"""Who takes part: invitations that tell nobody who is a customer, answers, changes, the end."""

from uuid import uuid4

from tests.fixtures.database import connected
from tests.fixtures.http import log_in
from tests.fixtures.market import Market
from tests.fixtures.world import PROOF, SALT


async def new_marketplace(market: Market) -> str:
    """A marketplace of Firma Nord without partners."""
    made = await market.olga.post("/marketplaces", {"name": f"Markt {uuid4().hex[:6]}"})
    assert made.status_code == 201
    return str(made.json()["id"])


async def test_an_invited_company_answers_and_then_sees_its_card(market: Market) -> None:
    m = await new_marketplace(market)
    body = {"company_id": str(market.world.huber.id), "capacity": "taker", "cap": 3}
    invited = await market.olga.post(f"/marketplaces/{m}/participations", body)
    assert invited.status_code == 201
    assert invited.json()["state"] == "invited"
    mine = (await market.ben.get(f"/marketplaces/{m}")).json()
    assert (mine["state"], mine["as_operator"]) == ("invited", False)
    assert (await market.cora.get(f"/marketplaces/{m}")).status_code == 404
    accepted = await market.ben.post(f"/marketplaces/{m}/participations/accept")
    assert (accepted.json()["state"], accepted.json()["cap"]) == ("active", 3)
    assert (await market.ben.post(f"/marketplaces/{m}/participations/accept")).status_code == 200
    cards = (await market.otto.get(f"/marketplaces/{m}/participations")).json()["items"]
    assert [(c["company_name"], c["state"]) for c in cards] == [("Firma Huber", "active")]
    assert (await market.mails_to("olga@nord.example"))[0]["template"] == "partner-answered"


async def test_an_address_is_no_oracle(market: Market) -> None:
    """Known and unknown addresses: the same answer, the same record for the operator."""
    m = await new_marketplace(market)
    seen = []
    for email in ("lena@lang.example", "niemand@nirgends.example"):
        body = {"email": email, "capacity": "taker"}
        answer = (await market.olga.post(f"/marketplaces/{m}/participations", body)).json()
        seen.append(
            {
                k: v
                for k, v in answer.items()
                if k not in ("id", "email", "invitation_id", "invited_at")
            }
        )
    assert seen[0] == seen[1]
    cards = (await market.olga.get(f"/marketplaces/{m}/participations")).json()["items"]
    assert [c["company_id"] for c in cards] == [None, None]
    assert (await market.lena.get(f"/marketplaces/{m}")).json()["state"] == "invited"  # control


async def test_an_invitation_waits_for_a_company_that_comes_later(market: Market) -> None:
    m = await new_marketplace(market)
    body = {"email": "spaet@kommt.example", "capacity": "giver"}
    await market.olga.post(f"/marketplaces/{m}/participations", body)
    async with connected(market.urls.staff) as staff:
        await staff.fetchrow(
            "select * from app.create_company('Firma Spät', 'Sina', $1, 'de', $2, $3)",
            *("spaet@kommt.example", SALT, PROOF),
        )
    sina = await log_in(market.client, "spaet@kommt.example")
    assert (await sina.get(f"/marketplaces/{m}")).json()["capacities"] == ["giver"]
    assert (await sina.post(f"/marketplaces/{m}/participations/accept")).status_code == 200


async def test_declined_and_invited_again(market: Market) -> None:
    m = await new_marketplace(market)
    body = {"company_id": str(market.world.klein.id), "capacity": "taker"}
    await market.olga.post(f"/marketplaces/{m}/participations", body)
    declined = await market.cora.post(f"/marketplaces/{m}/participations/decline")
    assert declined.json()["state"] == "declined"
    refused = await market.cora.post(f"/marketplaces/{m}/participations/accept")
    assert refused.status_code == 409
    await market.olga.post(f"/marketplaces/{m}/participations", body)
    again = await market.cora.post(f"/marketplaces/{m}/participations/accept")
    assert again.json()["state"] == "active"


async def test_one_company_may_give_and_take(market: Market) -> None:
    m = await new_marketplace(market)
    for capacity in ("giver", "taker"):
        body = {"company_id": str(market.world.klein.id), "capacity": capacity}
        await market.olga.post(f"/marketplaces/{m}/participations", body)
        await market.cora.post(f"/marketplaces/{m}/participations/accept")
    card = (await market.cora.get(f"/marketplaces/{m}")).json()
    assert card["capacities"] == ["giver", "taker"]
    # A giver is never offered its own lead.
    prospect = {"name": "Eigener Lead", "email": "eigen@muster.example"}
    lead = (
        await market.cora.post(
            f"/marketplaces/{m}/leads",
            {
                "prospect": prospect,
                "interest": "x",
                "distribution_permission": True,
                "submit": True,
            },
        )
    ).json()["id"]
    await market.olga.post(f"/marketplaces/{m}/leads/{lead}/accept")
    refused = await market.olga.post(f"/marketplaces/{m}/leads/{lead}/offer")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("no-matching-taker")


async def test_changes_by_operator_and_by_oneself_but_nobody_else(market: Market) -> None:
    card = f"/marketplaces/{market.m}/participations/{market.world.huber.id}"
    for person in (market.olga, market.anna):
        changed = await person.patch(card, {"tags": ["dach"], "cap": None})
        assert changed.json()["tags"] == ["dach"]
    assert (await market.cora.patch(card, {"tags": []})).status_code == 404
    stale = await market.anna.patch(card, {"tags": []}, etag='"1"')
    assert stale.status_code == 412
    fresh = stale.headers["etag"]
    assert (await market.anna.patch(card, {"tags": []}, etag=fresh)).status_code == 200


async def test_the_end_withdraws_open_offers_and_lets_work_be_finished(market: Market) -> None:
    worked = await market.offered(market.world.lang)
    await market.lena.post(market.path(worked, "/pick"))
    waiting = await market.offered(market.world.lang, market.world.huber)
    card = f"/marketplaces/{market.m}/participations/{market.world.lang.id}"
    assert (await market.cora.delete(card)).status_code == 404
    assert (await market.lena.delete(card)).status_code == 204
    assert (await market.lena.post(market.path(waiting, "/pick"))).status_code == 409
    assert (await market.lena.get(market.path(worked))).status_code == 200
    closed = await market.lena.post(market.path(worked, "/engagement/close"), {"outcome": "won"})
    assert closed.status_code == 200
    seen = (await market.anna.get("/offers?state=open&limit=100")).json()["items"]
    assert waiting in {offer["lead_id"] for offer in seen}  # others keep theirs


async def test_an_open_invitation_is_taken_back(market: Market) -> None:
    m = await new_marketplace(market)
    body = {"email": "cora@klein.example", "capacity": "taker"}
    invited = (await market.olga.post(f"/marketplaces/{m}/participations", body)).json()
    path = f"/marketplaces/{m}/participations/{invited['invitation_id']}"
    assert (await market.olga.delete(path)).status_code == 204
    assert (await market.cora.get(f"/marketplaces/{m}")).status_code == 404
    assert (await market.olga.delete(path)).status_code == 404


async def test_taking_one_of_two_invitations_back_leaves_the_other(market: Market) -> None:
    m = await new_marketplace(market)
    made = {}
    for capacity in ("giver", "taker"):
        body = {"email": "cora@klein.example", "capacity": capacity}
        answer = await market.olga.post(f"/marketplaces/{m}/participations", body)
        made[capacity] = answer.json()["invitation_id"]
    both = (await market.cora.get(f"/marketplaces/{m}")).json()["capacities"]
    assert both == ["giver", "taker"]
    await market.olga.delete(f"/marketplaces/{m}/participations/{made['giver']}")
    assert (await market.cora.get(f"/marketplaces/{m}")).json()["capacities"] == ["taker"]


async def test_names_on_cards_follow_their_owners(market: Market) -> None:
    m = await new_marketplace(market)
    body = {"company_id": str(market.world.klein.id), "capacity": "taker"}
    await market.olga.post(f"/marketplaces/{m}/participations", body)
    await market.cora.post(f"/marketplaces/{m}/participations/accept")
    await market.olga.patch(f"/marketplaces/{m}", {"name": "Neuer Name", "steps": ["a", "b"]})
    await market.cora.patch("/company", {"name": "Klein & Töchter"})
    await market.olga.patch("/company", {"name": "Nord AG"})
    card = (await market.cora.get(f"/marketplaces/{m}")).json()
    assert (card["name"], card["operator_name"], card["steps"]) == (
        "Neuer Name",
        "Nord AG",
        ["a", "b"],
    )
    cards = (await market.olga.get(f"/marketplaces/{m}/participations")).json()["items"]
    assert cards[0]["company_name"] == "Klein & Töchter"


async def test_a_partners_address_is_no_oracle_either(market: Market) -> None:
    """Invited by address for a further capacity, a partner looks like anybody until it answers."""
    m = await new_marketplace(market)
    path = f"/marketplaces/{m}/participations"
    await market.olga.post(path, {"company_id": str(market.world.klein.id), "capacity": "taker"})
    await market.cora.post(f"{path}/accept")
    for email in ("cora@klein.example", "niemand@nirgends.example"):
        await market.olga.post(path, {"email": email, "capacity": "giver"})
    seen = (await market.olga.get(path)).json()["items"]
    assert sorted((c["email"] or "", c["state"], c["capacities"]) for c in seen) == [
        ("", "active", ["taker"]),
        ("cora@klein.example", "invited", ["giver"]),
        ("niemand@nirgends.example", "invited", ["giver"]),
    ]
    assert (await market.cora.post(f"{path}/decline")).json()["capacities"] == ["taker"]
    await market.olga.post(path, {"email": "cora@klein.example", "capacity": "giver"})
    accepted = (await market.cora.post(f"{path}/accept")).json()
    assert (accepted["state"], accepted["capacities"]) == ("active", ["giver", "taker"])


async def test_the_list_is_paged_with_its_invitations(market: Market) -> None:
    m = await new_marketplace(market)
    path = f"/marketplaces/{m}/participations"
    for n in range(3):
        await market.olga.post(path, {"email": f"p{n}@nirgends.example", "capacity": "taker"})
    await market.olga.post(path, {"company_id": str(market.world.klein.id), "capacity": "taker"})
    await market.cora.post(f"{path}/accept")
    seen, cursor = [], ""
    while True:
        page = (await market.olga.get(f"{path}?limit=1{cursor}")).json()
        assert len(page["items"]) <= 1
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 4
    assert str(market.world.klein.id) in seen


async def test_my_marketplaces_are_paged(market: Market) -> None:
    await new_marketplace(market)
    first = (await market.olga.get("/marketplaces?limit=1")).json()
    second = (await market.olga.get(f"/marketplaces?cursor={first['next_cursor']}")).json()
    assert first["items"][0]["id"] not in {item["id"] for item in second["items"]}
    assert second["items"]

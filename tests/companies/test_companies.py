"""Companies: roles, the last admin, invitations bound to their address, keys of the company."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.fixtures.database import connected
from tests.fixtures.http import Person, log_in
from tests.fixtures.market import Market
from tests.fixtures.world import PASSWORD


async def test_the_last_admin_stays(market: Market) -> None:
    anna = f"/colleagues/{market.world.anna.id}"
    for change in ({"role": "member"}, {"active": False}):
        refused = await market.anna.patch(anna, change)
        assert refused.status_code == 409
        assert refused.json()["type"].endswith("last-admin")
    dora = f"/colleagues/{market.world.dora.id}"
    assert (await market.anna.patch(dora, {"role": "admin"})).json()["role"] == "admin"
    assert (await market.dora.patch(anna, {"role": "member"})).status_code == 200
    assert (await market.dora.patch(dora, {"active": False})).status_code == 409
    await market.dora.patch(anna, {"role": "admin"})
    await market.anna.patch(dora, {"role": "delegator"})


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/company", {"name": "Meine"}),
        ("POST", "/invitations", {"email": "neu@huber.example"}),
        ("POST", "/api-keys", {"name": "Schlüssel"}),
        ("PATCH", "/colleagues/{anna}", {"role": "member"}),
        ("DELETE", "/api-keys/{random}", None),
    ],
)
async def test_only_admins_change_the_company(
    market: Market, method: str, path: str, body: dict[str, str] | None
) -> None:
    path = path.format(anna=market.world.anna.id, random=uuid4())
    for person in (market.ben, market.dora):
        refused = await person.send(method, path, **({"json": body} if body else {}))
        assert refused.status_code == 403
        assert refused.json()["type"].endswith("admin-required")


async def test_everybody_changes_his_own_name_and_language(market: Market) -> None:
    ben = f"/colleagues/{market.world.ben.id}"
    changed = await market.ben.patch(ben, {"name": "Benno", "language": "en"})
    assert (changed.json()["name"], changed.json()["language"]) == ("Benno", "en")
    assert (await market.ben.patch(ben, {"role": "admin"})).status_code == 403
    assert (await market.cora.patch(ben, {"name": "x"})).status_code == 404
    await market.ben.patch(ben, {"name": "Ben", "language": "de"})


async def test_an_invitation_is_bound_to_its_address_and_works_once(market: Market) -> None:
    invited = await market.anna.post("/invitations", {"email": "Emil@Huber.example"})
    assert invited.json()["email"] == "emil@huber.example"
    token = (await market.mails_to("emil@huber.example"))[0]["payload"]["token"]
    assert token not in invited.text
    path = f"/invitations/{token}/accept"
    accepted = await market.client.post(path, json={"name": "Emil", "password": PASSWORD})
    assert accepted.json()["email"] == "emil@huber.example"
    again = await market.client.post(path, json={"name": "Eve", "password": PASSWORD})
    assert again.status_code == 409
    assert again.json()["type"].endswith("invitation-accepted")
    emil = await log_in(market.client, "emil@huber.example")
    assert (await emil.get("/me")).json()["company"]["name"] == "Firma Huber"


async def test_an_invitation_can_be_replaced_revoked_and_runs_out(market: Market) -> None:
    async def token() -> str:
        await market.anna.post("/invitations", {"email": "frieda@huber.example"})
        return str((await market.mails_to("frieda@huber.example"))[0]["payload"]["token"])

    async def status(value: str) -> int:
        body = {"name": "Frieda", "password": PASSWORD}
        return (await market.client.post(f"/invitations/{value}/accept", json=body)).status_code

    first, second = await token(), await token()
    assert await status(first) == 404
    open_ones = [
        i
        for i in (await market.anna.get("/invitations?limit=100")).json()["items"]
        if i["email"] == "frieda@huber.example" and i["state"] == "open"
    ]
    assert len(open_ones) == 1
    path = f"/invitations/{open_ones[0]['id']}"
    assert (await market.anna.delete(path)).status_code == 204
    assert await status(second) == 404
    third = await token()
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute(
            "update app.invitation set expires_at = now() - $1::interval where state = 'open'"
            " and email = 'frieda@huber.example'",
            timedelta(seconds=1),
        )
    assert await status(third) == 404
    assert await status(await token()) == 201  # control: a fresh one works


async def test_an_address_belongs_to_one_company_and_the_inviter_learns_nothing(
    market: Market,
) -> None:
    known = await market.anna.post("/invitations", {"email": "cora@klein.example"})
    unknown = await market.anna.post("/invitations", {"email": "frei@huber.example"})
    assert known.status_code == unknown.status_code == 201
    assert set(known.json()) == set(unknown.json())
    token = (await market.mails_to("cora@klein.example"))[0]["payload"]["token"]
    taken = await market.client.post(
        f"/invitations/{token}/accept", json={"name": "Cora", "password": PASSWORD}
    )
    assert taken.status_code == 409
    assert taken.json()["type"].endswith("email-taken")
    assert (await market.cora.get("/me")).json()["company"]["id"] == str(market.world.klein.id)


async def test_a_key_belongs_to_the_company_and_acts_for_it(market: Market) -> None:
    made = (await market.anna.post("/api-keys", {"name": "CRM"})).json()
    key = Person(market.client, made["token"])
    me = (await key.get("/me")).json()
    assert (me["colleague"], me["company"]["name"]) == (None, "Firma Huber")
    listed = (await market.anna.get("/api-keys?limit=100")).text
    assert made["id"] in listed
    assert made["token"] not in listed
    lead = await market.offered(market.world.huber)
    picked = await key.post(market.path(lead, "/pick"))
    assert (picked.json()["picked_by"], picked.json()["handler_id"]) == ("CRM", None)
    assert (await key.get("/leads?handler=me")).json()["items"] == []  # it handles nothing
    assert (await key.post("/api-keys", {"name": "noch einer"})).status_code == 403
    assert (await key.delete("/sessions/current")).status_code == 403
    assert (await market.anna.delete(f"/api-keys/{made['id']}")).status_code == 204
    assert (await key.get("/me")).status_code == 401


async def test_who_leaves_is_out_at_once_and_may_come_back(market: Market) -> None:
    gast = await market.joins(market.anna, f"gast-{uuid4().hex[:6]}@huber.example", "Gast")
    gast_id = (await gast.get("/me")).json()["colleague"]["id"]
    await market.anna.patch(f"/colleagues/{gast_id}", {"active": False})
    assert (await gast.get("/me")).status_code == 401
    email = next(
        c["email"]
        for c in (await market.anna.get("/colleagues?limit=100")).json()["items"]
        if c["id"] == gast_id
    )
    refused = await market.client.post("/sessions", json={"email": email, "password": PASSWORD})
    assert refused.status_code == 401
    await market.anna.patch(f"/colleagues/{gast_id}", {"active": True})
    assert (await log_in(market.client, email)) is not None


async def test_who_is_invited_again_comes_back_as_himself(market: Market) -> None:
    gast = await market.joins(market.anna, "wieder@huber.example", "Gast")
    before = (await gast.get("/me")).json()["colleague"]["id"]
    await market.anna.patch(f"/colleagues/{before}", {"active": False})
    back = await market.joins(market.anna, "wieder@huber.example", "Gast Zwei", "delegator")
    me = (await back.get("/me")).json()["colleague"]
    assert (me["id"], me["name"], me["role"]) == (before, "Gast Zwei", "delegator")


async def test_a_new_name_shows_on_what_one_handles_and_in_its_version(market: Market) -> None:
    lead = await market.offered(market.world.huber)
    await market.dora.post(market.path(lead, "/pick"))
    before = await market.ben.get(market.path(lead))
    await market.dora.patch(f"/colleagues/{market.world.dora.id}", {"name": "Dora Neu"})
    after = await market.ben.get(market.path(lead))
    assert after.json()["engagement"]["handler_name"] == "Dora Neu"
    assert after.headers["etag"] != before.headers["etag"]
    await market.dora.patch(f"/colleagues/{market.world.dora.id}", {"name": "Dora"})

"""Who may come in, and when that ends: at once."""

import httpx
import pytest

from tests.fixtures.database import Urls, connected
from tests.fixtures.http import Person, log_in
from tests.fixtures.world import PASSWORD, World


async def test_logging_in_and_out(client: httpx.AsyncClient, world: World) -> None:
    answer = await client.post(
        "/sessions", json={"email": " Anna@HUBER.example ", "password": PASSWORD}
    )
    assert answer.status_code == 201
    body = answer.json()
    assert body["colleague"]["email"] == "anna@huber.example"
    assert body["company"] == {"id": str(world.huber.id), "name": "Firma Huber"}
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    anna, other = Person(client, body["token"]), await log_in(client, "anna@huber.example")
    assert (await anna.get("/me")).status_code == 200
    out = await anna.delete("/sessions/current")
    assert (out.status_code, out.content) == (204, b"")
    assert (await anna.get("/me")).status_code == 401
    assert (await anna.delete("/sessions/current")).status_code == 401
    assert (await other.get("/me")).status_code == 200, "other sessions go on"


async def test_wrong_passwords(client: httpx.AsyncClient) -> None:
    for email, password in (
        ("anna@huber.example", PASSWORD + "x"),
        ("anna@huber.example", PASSWORD.lower()),
        ("nobody@huber.example", PASSWORD),
        ("not an address", PASSWORD),
    ):
        answer = await client.post("/sessions", json={"email": email, "password": password})
        assert answer.status_code == 401
        assert answer.json()["type"] == "urn:kollegium:problem:log-in-failed"
        assert email not in answer.text


async def test_tokens_of_all_kinds(client: httpx.AsyncClient, world: World) -> None:
    token = (await log_in(client, "ben@huber.example")).token
    for header in (
        None, "", "Bearer", "Bearer ", f"Basic {token}", f"Token {token}", token,
        f"Bearer {token[:-1]}", f"Bearer {token}x", f"Bearer {token.swapcase()}",
        f"Bearer {token.upper()}", f"Bearer {token} {token}", f"Bearer {token},",
        "Bearer " + "x" * 257,
        f"Bearer {world.huber.id}", "Bearer kgs_", "Bearer null", "Bearer ' or true --",
        "Bearer \xe9\xff", f"Bearer {token[4:]}", f"Bearer kgk_{token[4:]}",
    ):  # fmt: skip
        headers = {} if header is None else {"Authorization": header.encode("latin-1")}
        answer = await client.get("/me", headers=headers)
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"] == "Bearer"
    # The control; a scheme's name has no case.
    for header in (f"Bearer {token}", f"bearer {token}", f"BEARER {token}"):
        assert (await client.get("/me", headers={"Authorization": header})).status_code == 200
    for place in (f"/me?token={token}", f"/me?access_token={token}"):
        assert (await client.get(place)).status_code == 401


async def test_no_token_is_said_before_anything_else(client: httpx.AsyncClient) -> None:
    for path, body in (("/api-keys", {"colour": "red"}), ("/imports", None), ("/api-keys?x=1", {})):
        assert (await client.post(path, json=body)).status_code in (401, 415)
    assert (await client.post("/api-keys", json={"colour": "red"})).status_code == 401


async def test_expiry(client: httpx.AsyncClient, world_database: Urls) -> None:
    dora = await log_in(client, "dora@huber.example")
    assert (await dora.get("/me")).status_code == 200
    async with connected(world_database.superuser) as superuser:
        await superuser.execute(
            "update app_private.bearer set expires_at = now() - interval '1 second'"
            " where token_sha256 = sha256($1)",
            dora.token.encode(),
        )
    assert (await dora.get("/me")).status_code == 401


async def test_a_session_lasts_twelve_hours(
    client: httpx.AsyncClient, world_database: Urls
) -> None:
    lena = await log_in(client, "lena@lang.example")
    async with connected(world_database.superuser) as superuser:
        hours = await superuser.fetchval(
            "select extract(epoch from expires_at - now()) / 3600 from app_private.bearer"
            " where token_sha256 = sha256($1)",
            lena.token.encode(),
        )
    assert 11.9 < hours <= 12


async def test_who_is_deactivated_is_out_at_once(client: httpx.AsyncClient, world: World) -> None:
    anna = Person(client, world.anna.token)
    ben, elsewhere = [await log_in(client, "ben@huber.example") for _ in range(2)]
    path = f"/colleagues/{world.ben.id}"
    assert (await anna.patch(path, {"active": False})).status_code == 200
    for session in (ben, elsewhere, Person(client, world.ben.token)):
        assert (await session.get("/me")).status_code == 401
    login = {"email": "ben@huber.example", "password": PASSWORD}
    assert (await client.post("/sessions", json=login)).status_code == 401
    assert (await anna.patch(path, {"active": True})).status_code == 200
    assert (await ben.get("/me")).status_code == 401, "old sessions do not come back"
    assert (await log_in(client, "ben@huber.example")).token


async def test_roles_are_read_anew_for_each_request(
    client: httpx.AsyncClient, world: World
) -> None:
    olga, otto = Person(client, world.olga.token), Person(client, world.otto.token)
    assert (await otto.post("/api-keys", {"name": "x"})).status_code == 403
    path = f"/colleagues/{world.otto.id}"
    assert (await olga.patch(path, {"role": "admin"})).status_code == 200
    assert (await otto.post("/api-keys", {"name": "x"})).status_code == 201
    assert (await olga.patch(path, {"role": "member"})).status_code == 200
    assert (await otto.post("/api-keys", {"name": "x"})).status_code == 403


async def test_api_keys(client: httpx.AsyncClient, world: World) -> None:
    anna = Person(client, world.anna.token)
    made = (await anna.post("/api-keys", {"name": "CRM"})).json()
    crm = Person(client, made["token"])
    me = (await crm.get("/me")).json()
    assert (me["colleague"], me["api_key_id"]) == (None, made["id"])
    assert (await crm.get("/leads")).status_code == 200
    for answer in (
        await crm.delete("/sessions/current"),
        await crm.post("/api-keys", {"name": "another"}),
        await crm.post("/invitations", {"email": "x@huber.example"}),
        await crm.delete(f"/api-keys/{made['id']}"),
    ):
        assert answer.status_code == 403
    listed = (await anna.get("/api-keys")).text
    assert made["id"] in listed
    assert made["token"] not in listed
    assert (await anna.delete(f"/api-keys/{made['id']}")).status_code == 204
    assert (await crm.get("/me")).status_code == 401, "at once"
    assert (await anna.delete(f"/api-keys/{made['id']}")).status_code == 404


async def test_a_company_cannot_revoke_the_key_of_another(
    client: httpx.AsyncClient, world: World
) -> None:
    made = (await Person(client, world.anna.token).post("/api-keys", {"name": "CRM"})).json()
    cora = Person(client, world.cora.token)
    assert (await cora.delete(f"/api-keys/{made['id']}")).status_code == 404
    assert (await Person(client, made["token"]).get("/me")).status_code == 200


async def test_secrets_are_in_no_table(client: httpx.AsyncClient, world_database: Urls) -> None:
    """Tokens are stored as SHA-256, passwords stretched and hashed."""
    cora = await log_in(client, "cora@klein.example")
    async with connected(world_database.superuser) as superuser:
        tables = await superuser.fetch(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables"
            " where schemaname in ('app', 'app_private')"
        )
        for table in tables:
            for secret in (cora.token, PASSWORD):
                hits = await superuser.fetchval(
                    f"select count(*) from {table['name']} t where position($1 in t::text) > 0",
                    secret,
                )
                assert hits == 0, table["name"]


@pytest.mark.parametrize("password", ["short", "x" * 9, "x" * 1001, "", None, 1234567890])
async def test_passwords_of_new_colleagues(client: httpx.AsyncClient, password: object) -> None:
    body = {"name": "Neu", "password": password}
    assert (await client.post("/invitations/kgi_x/accept", json=body)).status_code == 400


async def test_passwords_are_the_same_in_every_spelling(
    client: httpx.AsyncClient, world: World, world_database: Urls
) -> None:
    """Composed or decomposed: keyboards differ, the password does not."""
    nina = Person(client, world.nina.token)
    await nina.post("/invitations", {"email": "rené@neu.example"})
    async with connected(world_database.worker) as worker:
        mails = await worker.fetch("select payload from app.read_mails(1)")
        token = mails[0]["payload"]["token"]
    accepted = await client.post(
        f"/invitations/{token}/accept", json={"name": "René", "password": "Cafe\u0301 mit Milch"}
    )
    assert accepted.status_code == 201, accepted.text
    assert (await log_in(client, "rene\u0301@neu.example", "Caf\u00e9 mit Milch")).token
    again = await client.post(
        f"/invitations/{token}/accept", json={"name": "René", "password": "Café mit Milch"}
    )
    assert again.status_code == 409, "an invitation is accepted once"

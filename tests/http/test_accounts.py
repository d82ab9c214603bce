"""What somebody does about his own account: password, sessions, name; and what nobody learns."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from service.jobs.mail.rendering import render
from service.web.edge import Edge
from tests.fixtures.database import connected, waiting_for_locks
from tests.fixtures.http import Person, from_address, log_in
from tests.fixtures.market import Market, slug
from tests.fixtures.world import PASSWORD

NEW = "Eine ganz neue Losung 4711"


@pytest.fixture(autouse=True)
async def fresh(market: Market, quick_stretching: None) -> None:
    """Nobody has tried anything yet."""
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute("truncate app_private.rate")


async def audited(market: Market, action: str) -> list[tuple[Any, Any]]:
    """Company and colleague of what the auditor reads of an action, newest first."""
    async with connected(market.urls.auditor) as auditor:
        rows = await auditor.fetch("select * from app.read_audit_log('-infinity', 1000)")
    return [(row["company_id"], row["colleague_id"]) for row in rows if row["action"] == action]


async def somebody(market: Market) -> tuple[Person, str]:
    """A new colleague of Firma Huber, logged in, and his address."""
    email = f"neu-{uuid4().hex[:8]}@huber.example"
    return await market.joins(market.anna, email, "Nele Neu"), email


async def reset_token(market: Market, email: str) -> str:
    """The newest token that was mailed to an address."""
    mails = [m for m in await market.mails_to(email) if m["template"] == "password-reset"]
    return str(mails[0]["payload"]["token"])


async def logs_in(market: Market, email: str, password: str) -> bool:
    """Whether this password opens a session."""
    answer = await market.client.post("/sessions", json={"email": email, "password": password})
    return answer.status_code == 201


async def test_changing_a_password(market: Market) -> None:
    """Against the present one; the other sessions end, the one in use goes on; he is told."""
    nele, email = await somebody(market)
    other = await log_in(market.client, email)
    body = {"current_password": PASSWORD, "password": NEW}
    wrong = await nele.put("/me/password", {**body, "current_password": "falsch 0815 xx"})
    assert (wrong.status_code, slug(wrong)) == (422, "password-wrong")
    assert (await other.get("/me")).status_code == 200
    changed = await nele.put("/me/password", body)
    assert (changed.status_code, changed.content) == (204, b"")
    assert (await nele.get("/me")).status_code == 200
    assert (await other.get("/me")).status_code == 401
    assert not await logs_in(market, email, PASSWORD)
    assert await logs_in(market, email, NEW)
    assert (await market.mails_to(email))[0]["template"] == "password-changed"
    assert len(await audited(market, "password-changed")) == 1


async def test_guessing_the_present_password_is_limited(market: Market) -> None:
    """Who found an open session gets no more guesses than who did not, and they are one count."""
    nele, email = await somebody(market)
    wrong = [
        await nele.put("/me/password", {"current_password": f"falsch {n}", "password": NEW})
        for n in range(10)
    ]
    assert [answer.status_code for answer in wrong] == [422] * 9 + [429]
    assert int(wrong[-1].headers["retry-after"]) > 0
    right = {"current_password": PASSWORD, "password": NEW}
    assert (await nele.put("/me/password", right)).status_code == 429
    assert not await logs_in(market, email, PASSWORD)
    failed = await audited(market, "log-in-failed")
    assert len([one for one in failed if one[1] is not None]) >= 9


async def test_resetting_a_password(market: Market) -> None:
    """The mail's token works once; all sessions end, also where guessing had locked the account."""
    nele, email = await somebody(market)
    for n in range(9):
        await logs_in(market, email, f"vergessen {n}")
    asked = await market.client.post("/password-resets", json={"email": f" {email.upper()} "})
    assert (asked.status_code, asked.content) == (202, b"")
    token = await reset_token(market, email)
    mail = render("password-reset", "de", {"token": token, "minutes": 30}, base_url="https://kg.x")
    assert f"https://kg.x/password-resets/{token}" in mail.text
    path = f"/password-resets/{token}"
    assert (await market.client.post(path, json={"password": "zu kurz"})).status_code == 400
    done = await market.client.post(path, json={"password": NEW})
    assert (done.status_code, done.content) == (204, b"")
    assert (await nele.get("/me")).status_code == 401
    assert await logs_in(market, email, NEW)
    again = await market.client.post(path, json={"password": NEW + "x"})
    never = await market.client.post("/password-resets/kgp_nie", json={"password": NEW})
    assert again.status_code == never.status_code == 404
    assert again.content == never.content
    assert len(await audited(market, "password-reset")) == 1


async def test_a_token_is_worth_nothing_after_its_time_or_its_owner(market: Market) -> None:
    """Expired, superseded by a change, of somebody who left: 404, and the password stays."""
    nele, email = await somebody(market)
    me = (await nele.get("/me")).json()["colleague"]["id"]

    async def asked() -> str:
        await market.client.post("/password-resets", json={"email": email})
        return await reset_token(market, email)

    async def used(token: str) -> int:
        path = f"/password-resets/{token}"
        return (await market.client.post(path, json={"password": NEW})).status_code

    async with connected(market.urls.superuser) as superuser:
        expired = await asked()
        await superuser.execute("update app_private.password_reset set expires_at = now()")
        assert await used(expired) == 404
    changed = await asked()
    body = {"current_password": PASSWORD, "password": PASSWORD + "!"}
    assert (await nele.put("/me/password", body)).status_code == 204
    assert await used(changed) == 404
    gone = await asked()
    left = await market.anna.patch(f"/colleagues/{me}", {"active": False})
    assert left.status_code == 200
    assert await used(gone) == 404
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute("update app_private.password_reset set expires_at = '-infinity'")
    async with connected(market.urls.worker) as worker:
        assert await worker.fetchval("select app.purge()") > 0


async def test_two_at_once_set_one_password(market: Market) -> None:
    """A token is used once, however many hold it."""
    _, email = await somebody(market)
    await market.client.post("/password-resets", json={"email": email})
    path = f"/password-resets/{await reset_token(market, email)}"
    answers = await asyncio.gather(
        *(market.client.post(path, json={"password": f"{NEW} {n}"}) for n in range(4))
    )
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [204, 404, 404, 404]
    assert await logs_in(market, email, f"{NEW} {statuses.index(204)}")


async def test_a_log_in_beside_a_reset_does_not_outlive_it(market: Market) -> None:
    """Who logs in with the old password while it is replaced waits, and then it is wrong."""
    _, email = await somebody(market)
    await market.client.post("/password-resets", json={"email": email})
    token = await reset_token(market, email)
    async with (
        connected(market.urls.api) as resetting,
        connected(market.urls.superuser) as superuser,
    ):
        transaction = resetting.transaction()
        await transaction.start()
        await resetting.execute(
            "select app.reset_password($1, $2, $3, $4)", token, b"s" * 16, b"p" * 32, b"a" * 32
        )
        beside = asyncio.ensure_future(logs_in(market, email, PASSWORD))
        await waiting_for_locks(superuser, beside)
        await transaction.commit()
        assert not await beside


async def test_nothing_tells_whether_an_address_is_known(market: Market) -> None:
    """202 for both; and the same rows are written by the same statements, so in the same time."""
    statistics = (
        "select relname, n_tup_ins, n_tup_upd, n_tup_del, seq_scan, idx_scan"
        " from pg_stat_xact_user_tables where schemaname = 'app_private'"
        " and n_tup_ins + n_tup_upd + n_tup_del > 0 order by 1"
    )
    work = []
    for email in ("anna@huber.example", "niemand@huber.example"):
        async with connected(market.urls.superuser) as superuser, superuser.transaction():
            await superuser.execute("select app.request_password_reset($1, $2)", email, email)
            work.append([tuple(row) for row in await superuser.fetch(statistics)])
    assert work[0] == work[1]
    assert {row[0] for row in work[0]} == {"rate", "password_reset", "outbox"}
    answers = [
        await market.client.post("/password-resets", json={"email": email})
        for email in ("cora@klein.example", "niemand@klein.example")
    ]
    assert [(a.status_code, a.content) for a in answers] == [(202, b"")] * 2
    assert dict(answers[0].headers).keys() == dict(answers[1].headers).keys()
    assert await market.mails_to("niemand@klein.example") == []
    assert (await market.mails_to("cora@klein.example"))[0]["template"] == "password-reset"
    async with connected(market.urls.worker) as worker:
        while await worker.fetchval("select app.address_mails(100)"):
            pass
    async with connected(market.urls.superuser) as superuser:
        left = "select count(*) from app_private.outbox where kind = 'reset' or recipient = $1"
        assert await superuser.fetchval(left, "niemand@klein.example") == 0
    assert (await market.mails_to("cora@klein.example"))[0]["template"] == "password-reset"


async def test_ones_sessions(market: Market, service: Edge) -> None:
    """Listed for their owner alone, and ended one by one."""
    nele, email = await somebody(market)
    async with from_address(service, "203.0.113.50") as elsewhere:
        elsewhere.headers["User-Agent"] = "Feldtelefon/1.0"
        phone = await log_in(elsewhere, email)
        page = (await nele.get("/sessions?limit=1")).json()
        rest = (await nele.get(f"/sessions?limit=1&cursor={page['next_cursor']}")).json()
        listed = page["items"] + rest["items"]
        assert rest["next_cursor"] is None
        newest = listed[0]
        assert (newest["client"], newest["same_address"]) == ("Feldtelefon/1.0", False)
        assert [s["current"] for s in listed] == [False, True]
        mine = newest["id"]
        for stranger in (market.ben, market.anna):
            assert (await stranger.delete(f"/sessions/{mine}")).status_code == 404
        assert (await phone.get("/me")).status_code == 200  # the control
        assert (await nele.delete(f"/sessions/{mine}")).status_code == 204
        assert (await phone.get("/me")).status_code == 401
        assert (await nele.delete(f"/sessions/{mine}")).status_code == 404
    assert [s["current"] for s in (await nele.get("/sessions")).json()["items"]] == [True]
    assert (await nele.delete(f"/sessions/{listed[1]['id']}")).status_code == 204
    assert (await nele.get("/sessions")).status_code == 401


async def test_ones_name(market: Market) -> None:
    """PATCH /me changes it where it is printed and live; the language is that of his mails."""
    nele, email = await somebody(market)
    lead = await market.offered(market.world.huber)
    assert (await nele.post(market.path(lead, "/pick"))).status_code == 200
    changed = await nele.patch("/me", {"name": "Nele Alt", "language": "en"})
    assert changed.status_code == 200, changed.text
    assert changed.json()["colleague"] == {
        "id": changed.json()["colleague"]["id"],
        "name": "Nele Alt",
        "email": email,
        "role": "member",
        "language": "en",
    }
    engagement = (await market.olga.get(market.path(lead))).json()["engagement"]
    assert (engagement["handler_name"], engagement["picked_by"]) == ("Nele Alt", "Nele Neu")
    for wrong in ({"name": ""}, {"role": "admin"}, {"language": "fr"}, {"name": None}):
        assert (await nele.patch("/me", wrong)).status_code == 400
    stale = await nele.patch("/me", {"name": "N"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, slug(stale)) == (412, "version-stale")


async def test_an_api_key_has_no_account(market: Market) -> None:
    """403 that says why, and nothing changes."""
    made = (await market.anna.post("/api-keys", {"name": "crm"})).json()
    key = Person(market.client, made["token"])
    passwords = {"current_password": PASSWORD, "password": NEW}
    answers = [
        await key.patch("/me", {"name": "X"}),
        await key.put("/me/password", passwords),
        await key.get("/sessions"),
        await key.delete(f"/sessions/{uuid4()}"),
        await key.delete("/sessions/current"),
    ]
    assert {(a.status_code, slug(a)) for a in answers} == {(403, "colleague-required")}
    assert (await key.get("/me")).json()["colleague"] is None


async def test_failed_log_ins_are_in_the_audit_log(market: Market) -> None:
    """Of whom, where that is known; without a word of the address where it is not."""
    assert not await logs_in(market, "otto@nord.example", "falsch 4711")
    assert not await logs_in(market, "niemand@nord.example", "falsch 4712")
    failed = await audited(market, "log-in-failed")
    assert failed[0] == (None, None)
    assert failed[1] == (market.world.nord.id, market.world.otto.id)
    async with connected(market.urls.superuser) as superuser:
        log = await superuser.fetch("select to_jsonb(a)::text from app_private.audit_entry a")
    assert not any("niemand" in row[0] for row in log)


async def test_nothing_is_stretched_for_a_token_nobody_was_sent(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both doors that need no log-in would else be ways to keep everybody waiting."""
    stretched = []

    async def stretch(*given: Any, **_: Any) -> bytes:
        stretched.append(given)
        return b"p" * 32

    monkeypatch.setattr("service.identity.stretch", stretch)
    accepted = {"name": "X", "password": NEW}
    answers = [
        await market.client.post("/invitations/kgi_nie/accept", json=accepted),
        await market.client.post("/password-resets/kgp_nie", json={"password": NEW}),
    ]
    assert ([a.status_code for a in answers], stretched) == ([404, 404], [])

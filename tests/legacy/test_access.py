"""What the people of the former system keep: passwords, tokens, sight; and what staff cannot do."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from service import identity
from tests.fixtures.database import NewDatabase, Urls, as_bearer, connected
from tests.fixtures.http import from_address, log_in, running
from tests.legacy.system import PASSWORD, TOKEN, imported


@pytest_asyncio.fixture(scope="module")
async def moved(new_database: NewDatabase, clean_template: str) -> AsyncIterator[Urls]:
    """The clean system, imported."""
    async with new_database(clean_template) as urls:
        await imported(urls)
        yield urls


@pytest_asyncio.fixture(scope="module")
async def client(moved: Urls) -> AsyncIterator[httpx.AsyncClient]:
    """Over HTTP."""
    async with running(moved.api) as app, from_address(app) as one:
        yield one


async def _iterations(moved: Urls, email: str) -> Any:
    async with connected(moved.superuser) as superuser:
        return await superuser.fetchval(
            "select pbkdf2_iterations from app_private.credential cr join app.colleague c "
            "on c.id = cr.colleague_id where c.email = $1",
            email,
        )


async def test_a_password_goes_on_working_and_is_renewed_at_the_first_log_in(
    moved: Urls, client: httpx.AsyncClient
) -> None:
    assert await _iterations(moved, "anna@huber.example") == 1_000
    wrong = {"email": "anna@huber.example", "password": "ein anderes Passwort"}
    assert (await client.post("/sessions", json=wrong)).status_code == 401
    assert await _iterations(moved, "anna@huber.example") == 1_000
    anna = await log_in(client, "Anna@Huber.example", PASSWORD)
    assert (await anna.get("/me")).status_code == 200
    assert await _iterations(moved, "anna@huber.example") is None
    again = await log_in(client, "anna@huber.example", PASSWORD)
    assert again.token != anna.token
    assert (await client.post("/sessions", json=wrong)).status_code == 401
    assert await _iterations(moved, "ben@huber.example") == 1_000  # the control


async def test_a_second_run_leaves_a_renewed_password(
    moved: Urls, client: httpx.AsyncClient
) -> None:
    await log_in(client, "olga@nord.example", PASSWORD)
    async with connected(moved.superuser) as superuser:
        await superuser.execute("update legacy.users set vat_id = 'DE1' where id = 1")
    assert (await imported(moved)).changed["users changed"] == 1
    assert await _iterations(moved, "olga@nord.example") is None
    await log_in(client, "olga@nord.example", PASSWORD)


async def test_a_deleted_user_cannot_log_in(client: httpx.AsyncClient) -> None:
    for email in ("deleted-5@legacy.invalid", "egon@ende.example"):
        answer = await client.post("/sessions", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 401


async def test_unknown_addresses_look_like_known_ones(moved: Urls) -> None:
    """Some of them are stretched the former way, always the same ones."""
    async with connected(moved.api) as api:
        query = "select salt, pbkdf2_iterations from app.begin_log_in($1, '\\x00', '\\x00')"
        first = [tuple(await api.fetchrow(query, f"nobody{n}@example.org")) for n in range(40)]
        again = [tuple(await api.fetchrow(query, f"nobody{n}@example.org")) for n in range(40)]
    assert first == again
    assert {iterations for _, iterations in first} == {None, 1_000}


async def test_renewing_needs_the_right_proof(moved: Urls) -> None:
    """And an open session of its owner; guesses count as log-ins that failed."""
    token, address, guess = "kgs_ben", b"a" * 32, b"xyz"
    async with connected(moved.api) as api, connected(moved.superuser) as superuser:
        await superuser.execute("delete from app_private.rate")
        await superuser.execute(
            "insert into app_private.bearer (token_sha256, company_id, colleague_id, expires_at)"
            " select sha256($1), c.company_id, c.id, 'infinity' from app.colleague c"
            " where c.email = 'ben@huber.example'",
            token.encode(),
        )
        look = (
            "select proof_sha256 from app_private.credential cr join app.colleague c "
            "on c.id = cr.colleague_id where c.email = 'ben@huber.example'"
        )
        before = await superuser.fetchval(look)
        renew = "select app.renew_proof($1, $2, $3, $4, $5)"
        salt = identity.new_salt()
        new = salt, identity.stretch_now(PASSWORD, salt), address, guess
        right = identity.stretch_as_before(PASSWORD, b"NaCl", 1_000)
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await api.execute(renew, right, *new)
        for _ in range(9):
            async with as_bearer(api, token):
                await api.execute(renew, b"\x00" * 32, *new)
        async with as_bearer(api, token):
            await api.execute(renew, right, *new)  # too many guesses
        assert await superuser.fetchval(look) == before
        await superuser.execute("delete from app_private.rate")
        async with as_bearer(api, token):
            await api.execute(renew, right, *new)
        assert await superuser.fetchval(look) != before  # the control


async def test_a_reset_makes_a_former_password_one_of_here(
    moved: Urls, client: httpx.AsyncClient
) -> None:
    """Argon2id from then on, also where its owner never logged in here."""
    email = "gustav@gebert.example"
    assert await _iterations(moved, email) == 1_000
    assert (await client.post("/password-resets", json={"email": email})).status_code == 202
    async with connected(moved.worker) as worker:
        mails = await worker.fetch("select * from app.read_mails(100)")
    token = next(m["payload"]["token"] for m in mails if m["recipient"] == email)
    new = {"password": PASSWORD}
    assert (await client.post(f"/password-resets/{token}", json=new)).status_code == 204
    assert await _iterations(moved, email) is None
    await log_in(client, email, new["password"])
    async with connected(moved.superuser) as superuser:
        await superuser.execute("update legacy.users set vat_id = 'DE2' where id = 2")
    await imported(moved)
    await log_in(client, email, new["password"])


async def test_a_token_goes_on_working(moved: Urls) -> None:
    async with connected(moved.api) as api:
        async with as_bearer(api, TOKEN) as caller:
            assert (caller["company_name"], caller["colleague_name"]) == ("Gebert GmbH", "Website")
            seen = await api.fetch("select external_ref from app.lead order by 1")
            assert [row["external_ref"] for row in seen] == ["1", "2", "4"]
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            async with as_bearer(api, TOKEN + "x"):
                pass


async def test_a_token_of_a_deleted_user_comes_over_and_opens_nothing(moved: Urls) -> None:
    """His company is closed; were it opened again, the token would be there."""
    token = "lgk_of-somebody-deleted"
    async with connected(moved.superuser) as superuser, connected(moved.api) as api:
        user = await superuser.fetchval(
            "insert into legacy.api_keys (id, user_id, name, token_sha256, created_at, updated_at)"
            " select 900, m.legacy_id, 'Old', encode(sha256($1::bytea), 'hex'), now(), now()"
            " from app_private.legacy_user m join app.company c on c.id = m.company_id"
            " where c.state = 'closed' order by 1 limit 1 returning user_id",
            token.encode(),
        )
        assert user is not None
        assert (await imported(moved)).created["api_keys"] == 1
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            async with as_bearer(api, token):
                pass
        reopen = (
            "update app.company set state = $2 where id ="
            " (select company_id from app_private.legacy_user where legacy_id = $1)"
        )
        await superuser.execute(reopen, user, "active")
        async with as_bearer(api, token) as caller:
            assert caller["colleague_id"] is None
        await superuser.execute(reopen, user, "closed")


async def test_each_sees_what_the_former_rules_showed(
    moved: Urls, client: httpx.AsyncClient
) -> None:
    """Rules L3 to L6 of sql/legacy/schema.sql, through row security with a real session."""
    wanted = {
        "olga@nord.example": (["1", "2", "3", "4", "5", "6"], 8, []),
        "gustav@gebert.example": (["1", "2", "4"], 0, []),
        "anna@huber.example": (["3"], 2, ["Rückruf am Montag"]),
        "ben@huber.example": (["4"], 1, []),
    }
    async with connected(moved.api) as api:
        for email, (leads, offers, notes) in wanted.items():
            person = await log_in(client, email, PASSWORD)
            async with as_bearer(api, person.token):
                rows = await api.fetch(
                    "select l.external_ref, p.name from app.lead l join app.prospect p "
                    "on p.lead_id = l.id order by 1"
                )
                assert [row["external_ref"] for row in rows] == leads, email
                assert [row["name"] for row in rows] == [f"Käthe Voß {n}" for n in leads]
                assert await api.fetchval("select count(*) from app.offer") == offers, email
                texts = await api.fetch("select text from app.note")
                assert [row["text"] for row in texts] == notes, email


async def test_each_user_is_a_company_of_his_own_and_its_admin(moved: Urls) -> None:
    async with connected(moved.superuser) as superuser:
        rows = await superuser.fetch(
            "select co.origin_legacy_user_id, co.name, co.state, c.role, c.active, c.email "
            "from app.company co join app.colleague c on c.company_id = co.id order by 1"
        )
    assert [tuple(row) for row in rows] == [
        ("1", "Marktplatz Nord", "active", "admin", True, "olga@nord.example"),
        ("2", "Gebert GmbH", "active", "admin", True, "gustav@gebert.example"),
        ("3", "Firma Huber", "active", "admin", True, "anna@huber.example"),
        ("4", "Firma Huber", "active", "admin", True, "ben@huber.example"),
        ("5", "Ende KG", "closed", "admin", False, "deleted-5@legacy.invalid"),
    ]


async def test_staff_sets_a_password_that_could_not_be_taken_over(
    moved: Urls, client: httpx.AsyncClient
) -> None:
    salt, new = identity.new_salt(), "ein ganz neues Passwort"
    proof = identity.stretch_now(new, salt)
    async with connected(moved.staff) as staff:
        query = "select app.set_password($1, $2, $3)"
        assert not await staff.fetchval(query, "nobody@example.org", salt, proof)
        before = await log_in(client, "gustav@gebert.example", PASSWORD)
        assert await staff.fetchval(query, "gustav@gebert.example", salt, proof)
    assert (await before.get("/me")).status_code == 401
    await log_in(client, "gustav@gebert.example", new)


@pytest.mark.parametrize(
    "statement",
    [
        "select * from legacy_staging.leads",
        "select * from legacy_staging.finding",
        "insert into legacy_staging.load values (99, 'csv')",
        "insert into legacy_staging.blocked values (1, 'users', 1)",
        "update legacy_staging.users set email = null",
        "delete from legacy_staging.users",
        "truncate legacy_staging.users",
        "create table legacy_staging.mine (i int)",
        "select * from app_private.legacy_user",
        "select * from app.lead",
    ],
)
async def test_staff_fills_the_staging_and_reads_nothing(moved: Urls, statement: str) -> None:
    async with connected(moved.staff) as staff:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await staff.execute(statement)
        # The control: what it may do.
        async with staff.transaction():
            await staff.execute("insert into legacy_staging.group_members values (99, 1, 1, now())")
            await staff.execute("select app.legacy_begin_load('control')")


@pytest.mark.parametrize("role", ["api", "worker", "auditor"])
async def test_nobody_else_comes_near(moved: Urls, role: str) -> None:
    async with connected(getattr(moved, role)) as somebody:
        for statement in (
            "select app.legacy_begin_load('x')",
            "select app.legacy_import_leads(1, 0, 10)",
            "select app.legacy_quarantine(null, 1)",
            "select * from legacy_staging.users",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await somebody.execute(statement)

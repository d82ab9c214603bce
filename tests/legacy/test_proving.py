"""Before equals after for every legacy user, and what is planted by hand is found, row by row."""

from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio

from service.jobs.legacy.contract import tables
from service.jobs.legacy.practice.generating import Generator
from service.jobs.rollout.proving import PolicyShowsMore
from service.jobs.rollout.report import as_csv
from service.jobs.rollout.totals import totals
from tests.fixtures.database import NewDatabase
from tests.legacy.former import OFFER, PICKED, Former, copied, generate_and_import

USERS, LEADS, SEED = 60, 400, 4


@pytest_asyncio.fixture(scope="module")
async def imported(new_database: NewDatabase) -> AsyncIterator[str]:
    """Name of a database with a generated former system in schema legacy, imported."""
    async with new_database() as urls:
        await generate_and_import(urls, Generator(USERS, LEADS, SEED))
        yield urls.database


@pytest_asyncio.fixture(scope="module")
async def former(new_database: NewDatabase, imported: str) -> AsyncIterator[Former]:
    """One for the tests that change nothing."""
    async with copied(new_database, imported) as one:
        yield one


@pytest_asyncio.fixture
async def broken(new_database: NewDatabase, imported: str) -> AsyncIterator[Former]:
    """One for a test that changes something."""
    async with copied(new_database, imported) as one:
        yield one


SEEN_TOGETHER = ("leads", "prospects")
GONE, NEW = "seen before and not now", "seen now and not before"


async def test_every_user_sees_the_same_before_and_after(former: Former) -> None:
    proofs = await former.prove(unfiltered=frozenset(range(1, USERS + 1, 9)))
    assert len(proofs) == USERS
    assert {one.legacy_user: one.rows for one in proofs.values() if one.differences} == {}
    assert all(one.before == one.after for one in proofs.values() if one.state == "ready")
    # The comparison had something to compare, of each kind and state.
    least = {
        "users": 50,
        "marketplaces": 60,
        "participants": 100,
        "leads": 200,
        "prospects": 200,
        "offers": 200,
        "comments": 100,
        "api_keys": 3,
    }
    for kind, rows in least.items():
        assert sum(one.before[kind] for one in proofs.values()) > rows, kind
    assert {"ready", "deleted", "waits"} <= {one.state for one in proofs.values()}
    assert sum(one.waiting for one in proofs.values()) > 0
    kept = await former.superuser.fetch("select * from app_private.legacy_proof")
    assert len(kept) == sum(one.state in ("ready", "deleted") for one in proofs.values())
    assert {row["differences"] for row in kept} == {0}
    # Another run over the same rows has the same digests.
    again = await former.prove()
    assert {u: one.digest for u, one in again.items()} == {u: o.digest for u, o in proofs.items()}


async def test_counts_and_sums_of_each_table_agree(former: Former) -> None:
    found = {one.what: one for one in await totals(former.staff, former.load)}
    assert set(found) == set(tables()) - {"group_members", "statuses"}
    assert [one for one in found.values() if not one.agrees] == []
    assert all(one.here for one in found.values())
    assert found["leads"].value_here


async def test_sessions_are_audited_and_ended(former: Former) -> None:
    bearers = "select count(*) from app_private.bearer"
    entries = "select count(*) from app_private.audit_entry where action = 'proof-session-"
    before = await former.superuser.fetchval(bearers)
    opened = await former.superuser.fetchval(f"{entries}opened'")
    proofs = await former.prove()
    ready = sum(one.state == "ready" for one in proofs.values())
    assert await former.superuser.fetchval(bearers) == before
    assert await former.superuser.fetchval(f"{entries}opened'") == opened + ready
    assert await former.superuser.fetchval(f"{entries}closed'") == opened + ready


@pytest.mark.parametrize(
    "change",
    [
        "update app.company set origin_legacy_user_id = null where id = '{}'",
        "update app.company set state = 'closed' where id = '{}'",
        "update app.colleague set active = false where company_id = '{}'",
        "insert into app.colleague (id, company_id, email, name, role)"
        " values (gen_random_uuid(), '{}', 'second@x.example', 'Zwei', 'member')",
    ],
    ids=["native", "closed", "deactivated", "two colleagues"],
)
async def test_no_session_for_others(former: Former, change: str) -> None:
    company = (await former.one(f"{PICKED} 0"))["taker"]
    opening = "select * from app.open_proof_sessions(array[$1::uuid], array[sha256($2)])"
    transaction = former.superuser.transaction()
    await transaction.start()
    try:
        await former.superuser.execute("set local role kollegium_staff")
        control = await former.superuser.fetch(opening, company, b"kgs_control")
        assert [row[0] for row in control] == [company]
        await former.superuser.execute("reset role")
        await former.superuser.execute(change.format(company))
        await former.superuser.execute("set local role kollegium_staff")
        assert await former.superuser.fetch(opening, company, b"kgs_other") == []
    finally:
        await transaction.rollback()


async def test_it_finds_what_was_planted_and_nothing_else(broken: Former) -> None:
    """A lead moved, a party too many, fields changed, offers dropped and revived."""
    expected = set()
    moved, shared, changed = [await broken.one(f"{PICKED} {n}") for n in range(3)]
    await broken.hand(moved, "engaged_company_id")
    for who, reason in ((moved["taker"], GONE), (moved["stranger"], NEW)):
        user = await broken.user(who)
        expected |= {
            (user, kind, moved["id"], "differs", reason) for kind in ("leads", "prospects")
        }
    await broken.hand(shared, "giver_company_id")
    user = await broken.user(shared["stranger"])
    expected |= {(user, kind, shared["id"], "differs", NEW) for kind in SEEN_TOGETHER}
    await broken.plant(
        f"update app.prospect set phone = '+49 30 1', city = null where lead_id = '{changed['id']}'"
    )
    expected |= {
        (await broken.user(who), "prospects", changed["id"], "differs", "other content phone city")
        for who in (changed["taker"], changed["operator"])
    }
    dropped, revived = (
        await broken.one(OFFER.format("open")),
        await broken.one(OFFER.format("lost")),
    )
    await broken.plant(f"delete from app.offer where id = '{dropped['id']}'")
    expected |= {
        (await broken.user(who), "offers", dropped["lead_id"], "differs", GONE)
        for who in (dropped["taker"], dropped["operator"])
    }
    await broken.plant(f"update app.offer set state = 'open' where id = '{revived['id']}'")
    for who, reason in ((revived["taker"], NEW), (revived["operator"], "other content state")):
        expected.add((await broken.user(who), "offers", revived["lead_id"], "differs", reason))
    assert await broken.findings() == expected
    differing = await broken.superuser.fetchval(
        "select sum(differences) from app_private.legacy_proof"
    )
    assert differing == len(expected)


# Whose keys are live and whose companies are active: three of them, each planted differently.
KEYS = """
    select k.id, k.company_id, (select x.company_id from app_private.legacy_user x
      join app.company c on c.id = x.company_id where c.state = 'active'
      and x.company_id <> k.company_id order by 1 limit 1) as stranger
    from app.api_key k join app.company o on o.id = k.company_id and o.state = 'active'
    where k.revoked_at is null order by k.id limit 1 offset """
NOTES = """
    select n.marketplace_id, n.id, n.lead_id, n.company_id, (select x.company_id
      from app_private.legacy_user x join app.company c on c.id = x.company_id
      where c.state = 'active' and x.company_id <> n.company_id order by 1 limit 1) as stranger
    from app.note n join app.company c on c.id = n.company_id and c.state = 'active'
    order by n.id limit 1 offset """


async def test_it_finds_planted_comments_keys_and_tokens(broken: Former) -> None:
    """Texts changed, comments gone or moved; keys renamed, moved, or opening nothing."""
    expected = set()
    changed, gone, moved = [await broken.one(f"{NOTES} {n * 5}") for n in range(3)]
    await broken.plant(
        f"update app.note set text = 'anders' where id = '{changed['id']}'",
        f"delete from app.note where id = '{gone['id']}'",
        f"update app.note set company_id = '{moved['stranger']}' where id = '{moved['id']}'",
    )
    for note, who, reason in (
        (changed, "company_id", "other content text"), (gone, "company_id", GONE),
        (moved, "company_id", GONE), (moved, "stranger", NEW),
    ):  # fmt: skip
        user = await broken.user(note[who])
        expected.add((user, "comments", note["lead_id"], "differs", reason))
    message = await broken.one(
        "select m.id, m.lead_id, m.parties from app.message m order by m.id limit 1"
    )
    await broken.plant(f"update app.message set text = 'anders' where id = '{message['id']}'")
    active = "select id from app.company where id = any ($1) and state = 'active'"
    for row in await broken.superuser.fetch(active, message["parties"]):
        user = await broken.user(row["id"])
        expected.add((user, "comments", message["lead_id"], "differs", "other content text"))
    renamed, given, closed = [await broken.one(f"{KEYS} {n}") for n in range(3)]
    await broken.plant(
        f"update app.api_key set name = 'x' where id = '{renamed['id']}'",
        f"update app.api_key set company_id = '{given['stranger']}' where id = '{given['id']}'",
        f"delete from app_private.bearer where api_key_id = '{closed['id']}'",
    )
    for key, who, reason in (
        (renamed, "company_id", "other content name"), (given, "company_id", GONE),
        (given, "stranger", NEW), (closed, "company_id", "its token opens nothing"),
    ):  # fmt: skip
        expected.add((await broken.user(key[who]), "api_keys", None, "differs", reason))
    assert await broken.findings() == expected


async def test_comments_and_keys_made_here_since_are_no_difference(broken: Former) -> None:
    lead, key = await broken.one(f"{PICKED} 0"), await broken.one(f"{KEYS} 0")
    async with broken.acting(lead["taker"]) as api:
        for function in ("add_note", "add_message"):
            await api.execute(
                f"select app.{function}($1, $2, 'neu hier')", lead["marketplace_id"], lead["id"]
            )
    async with broken.acting(key["company_id"]) as api:
        await api.execute("select app.revoke_api_key($1)", key["id"])
    found = await broken.findings()
    assert {verdict for *_, verdict, _ in found} == {"since-import"}
    users = {await broken.user(lead["taker"]), await broken.user(lead["operator"])}
    assert {(user, kind) for user, kind, *_ in found} == {
        *((user, "comments") for user in users), (await broken.user(key["company_id"]), "api_keys"),
    }  # fmt: skip


async def test_it_finds_users_without_a_company_and_deleted_ones_with_a_log_in(
    broken: Former,
) -> None:
    user = await broken.user((await broken.one(f"{PICKED} 0"))["taker"])
    await broken.plant(f"delete from app_private.legacy_user where legacy_id = {user}")
    gone = await broken.one(
        """select u.legacy_id, u.company_id, u.colleague_id from app_private.legacy_user u
           join app.company c on c.id = u.company_id and c.state = 'closed'
           join app.lead l on c.id = any (l.parties) order by 1 limit 1"""
    )
    await broken.plant(
        f"update app.company set state = 'active' where id = '{gone['company_id']}'",
        f"update app.colleague set active = true where id = '{gone['colleague_id']}'",
    )
    proofs = await broken.prove()
    assert (proofs[user].state, proofs[user].company_id) == ("missing", None)
    assert proofs[user].differences > 1
    back = proofs[gone["legacy_id"]]
    assert back.state == "ready"
    assert back.before["leads"] == 0 < back.after["leads"]
    assert {row.reason for row in back.rows} == {NEW}


async def test_a_proof_as_a_table_has_a_line_for_each_row(former: Former) -> None:
    user = await former.user((await former.one(f"{PICKED} 0"))["taker"])
    users = [one for one in await former.prover.users() if one.legacy_user == user]
    (proof,) = [one async for one in former.prover.prove(users, whole=True)]
    lines = as_csv(proof).decode().splitlines()
    assert len(lines) == 1 + sum(proof.before.values()) + proof.waiting
    assert lines[0].startswith("legacy_user,kind,verdict,legacy_row")
    assert {line.split(",")[0] for line in lines[1:]} == {str(user)}


async def test_a_proof_contains_no_personal_data(broken: Former) -> None:
    lead = await broken.one(f"{PICKED} 0")
    await broken.plant(f"update app.prospect set phone = 'x' where lead_id = '{lead['id']}'")
    text = msgspec.json.encode(list((await broken.prove(whole=True)).values())).decode()
    assert '"phone"' in text
    people = await broken.superuser.fetch("select name, email, phone from app.prospect")
    values = {value for row in people for value in row.values() if value and len(value) > 5}
    assert len(values) > 100
    assert [value for value in values if value in text] == []


async def test_it_finds_a_policy_that_shows_more(broken: Former) -> None:
    users = frozenset(range(1, USERS + 1))
    await broken.prove(unfiltered=users)  # the control
    await broken.plant("alter policy select_party on app.prospect using (true)")
    with pytest.raises(PolicyShowsMore):
        await broken.prove(unfiltered=users)


async def test_what_is_worked_here_since_is_no_difference(broken: Former) -> None:
    offer = await broken.one(OFFER.format("open"))
    where, taker, operator = offer["marketplace_id"], offer["taker"], offer["operator"]
    async with broken.acting(taker) as api:
        await api.execute("select app.decline_offer($1, $2, 'zu weit')", where, offer["lead_id"])
    users = {await broken.user(taker), await broken.user(operator)}
    found = await broken.findings()
    assert {(user, kind, lead) for user, kind, lead, *_ in found} >= {
        (user, "offers", offer["lead_id"]) for user in users
    }
    async with broken.acting(operator) as api:
        new = await api.fetchval(
            "select id from app.create_lead($1, 'Dach', '{}', true, $2, false, 'test', null)",
            *(where, {"name": "Neu Hier", "email": "neu@hier.example"}),
        )
    found = await broken.findings()
    assert (await broken.user(operator), "leads", new, "since-import", NEW) in found
    assert {verdict for *_, verdict, _ in found} == {"since-import"}

"""Whatever the contract promises is compared: each thing is changed here past all functions, past
versions and policies, and the proof names it; put back, it proves again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from service.jobs.rollout import seen
from service.jobs.rollout.totals import totals
from tests.fixtures.commands import kollegium
from tests.fixtures.database import NewDatabase, connected
from tests.legacy.former import Former, copied
from tests.legacy.system import AT, imported

# A marketplace of Anna's with somebody in each state; one whose owner and people are all deleted.
MORE = f"""
    insert into legacy.marketplaces values (2, 3, 'Wallboxen', 48, 2, false, true, '{AT}', '{AT}'),
      (3, 5, 'Verlassen', null, null, null, null, '{AT}', '{AT}');
    insert into legacy.statuses values (3, 2, 1, 'neu', '{AT}'), (4, 2, 2, 'fertig', '{AT}');
    insert into legacy.participants values
      (5, 2, 1, 'giver', 'ended', null, null, null, '{AT}', '{AT}'),
      (6, 2, 2, 'taker', 'invited', '10, 12', 'wallbox', 3, '{AT}', '{AT}'),
      (7, 2, 2, 'giver', 'invited', null, null, null, '{AT}', '{AT}'),
      (8, 2, 4, 'taker', 'declined', null, null, null, '{AT}', '{AT}');
    insert into legacy.leads (id, marketplace_id, picked_by_user_id, picked_at, state, interest,
      consent, value, contact_name, created_at, updated_at)
    values (7, 3, 5, '{AT}', 'won', 'Umzug', true, 70, 'Uwe Groß', '{AT}', '{AT}');
"""
OLGA, GUSTAV, ANNA, BEN = 1, 2, 3, 4
LEAD = "external_ref = '{}'"
OF_LEAD = "lead_id = (select id from app.lead where external_ref = '{}')"
OF_USER = "(select {} from app_private.legacy_user where legacy_id = {})"
COMPANY = "company_id = " + OF_USER.format("company_id", "{}")
MARKET = "marketplace_id = (select marketplace_id from app_private.legacy_marketplace where legacy_id = {})"  # noqa: E501
OFFER = OF_LEAD + " and " + COMPANY

# What has another type than text is changed to something of its own.
FOREIGN = {"answers": """'{"Dach": "fremd"}'"""}

# table, column, what it is changed to, where, whose proofs name it, kind, words
Change = tuple[str, str, str, str, set[int], str, str]
CHANGES: list[Change] = [
    ("app.company", "name", "'Fremd'", "id = " + OF_USER.format("company_id", BEN),
     {BEN}, "users", "other content firm"),
    ("app.company", "language", "'en'", "id = " + OF_USER.format("company_id", BEN),
     {BEN}, "users", "other content language"),
    ("app.colleague", "name", "'Fremd'", COMPANY.format(BEN), {BEN}, "users", "other content name"),
    ("app.colleague", "email", "'ben2@huber.example'", COMPANY.format(BEN),
     {BEN}, "users", "other content email"),
    ("app.colleague", "role", "'member'", COMPANY.format(BEN), {BEN}, "users",
     "other content role"),
    ("app_private.credential", "proof_sha256", "sha256('x')",
     "colleague_id = " + OF_USER.format("colleague_id", BEN), {BEN}, "users", "another password"),
    ("app_private.credential", "pbkdf2_iterations", "7",
     "colleague_id = " + OF_USER.format("colleague_id", BEN), {BEN}, "users", "another password"),
    *[("app.marketplace", column, value, MARKET.format(1).replace("marketplace_id", "id", 1),
       {OLGA}, "marketplaces", f"other content {field}")
      for column, value, field in (
          ("name", "'Fremd'", "name"), ("steps", "array['neu']", "statuses"),
          ("response_hours", "1", "response hours"), ("teaser_digits", "5", "teaser digits"),
          ("giver_may_withdraw", "false", "giver may withdraw"),
          ("auto_accept", "true", "auto accept"))],
    ("app.participation", "marketplace_name", "'Fremd'", f"{MARKET.format(2)} and "
     + COMPANY.format(BEN), {BEN}, "marketplaces", "other content name"),
    ("app.participation", "steps", "array['neu']", f"{MARKET.format(2)} and "
     + COMPANY.format(OLGA), {OLGA}, "marketplaces", "other content statuses"),
    ("app.participation", "state", "'active'", f"{MARKET.format(2)} and " + COMPANY.format(OLGA),
     {OLGA, ANNA}, "participants", "other content state"),
    ("app.participation", "state", "'declined'", f"{MARKET.format(2)} and " + COMPANY.format(OLGA),
     {OLGA, ANNA}, "participants", "other content state"),
    *[("app.participation", column, value, f"{MARKET.format(1)} and " + COMPANY.format(ANNA),
       {OLGA, ANNA}, "participants", f"other content {field}")
      for column, value, field in (
          ("capacities", "array['taker']", "roles"), ("state", "'ended'", "state"),
          ("postcode_areas", "'{}'", "postcode areas"), ("tags", "'{}'", "tags"),
          ("cap", "11", "cap"))],
    ("app.partner_invitation", "state", "'withdrawn'", MARKET.format(2) + " and capacity = 'taker'",
     {ANNA}, "participants", "other content roles postcode areas tags cap"),
    *[("app.lead", column, value, LEAD.format(number), users, "leads", f"other content {field}")
      for number, users, column, value, field in (
          (1, {OLGA, GUSTAV}, "interest", "'Fremd'", "interest"),
          (1, {OLGA, GUSTAV}, "postcode_area", "'2'", "postcode area"),
          (1, {OLGA, GUSTAV}, "tags", "'{solar}'", "tags"),
          (6, {OLGA}, "distribution_permission", "false", "consent"),
          (1, {OLGA, GUSTAV}, "state", "'available'", "state"),
          (3, {OLGA, ANNA}, "state", "'closed'", "state"))],
    *[("app.engagement", column, value, OF_LEAD.format(4), {OLGA, GUSTAV, BEN}, "leads",
       f"other content {field}")
      for column, value, field in (
          ("state", "'lost'", "outcome"), ("step", "'Angebot'", "step"), ("value", "1", "value"))],
    *[("app.prospect", column, FOREIGN.get(column, "'Fremd'"), OF_LEAD.format(3), {OLGA, ANNA},
       "prospects", f"other content {column}") for column in seen.FIELDS["prospects"]],
    *[("app.offer", column, value, OFFER.format(2, ANNA), users, "offers", f"other content {field}")
      for users, column, value, field in (
          ({OLGA, ANNA}, "interest", "'Fremd'", "interest"),
          ({OLGA, ANNA}, "postcode_area", "'2'", "postcode area"),
          ({OLGA, ANNA}, "tags", "'{solar}'", "tags"))],
    ("app.offer", "decline_reason", "'anders'", OFFER.format(2, BEN), {OLGA}, "offers",
     "other content reason"),
    ("app.offer", "state", "'expired'", OFFER.format(2, BEN), {OLGA}, "offers",
     "other content state"),
    ("app.note", "text", "'Fremd'", "true", {ANNA}, "comments", "other content text"),
    ("app.note", "created_at", "now()", "true", {ANNA}, "comments", "other content time"),
    ("app.message", "text", "'Fremd'", OF_LEAD.format(3), {OLGA, ANNA}, "comments",
     "other content text"),
    ("app.message", "author_id", OF_USER.format("colleague_id", BEN), OF_LEAD.format(3),
     {OLGA, ANNA}, "comments", "other content author"),
    ("app.api_key", "name", "'Fremd'", "true", {GUSTAV}, "api_keys", "other content name"),
    ("app.api_key", "created_at", "now()", "true", {GUSTAV}, "api_keys", "other content time"),
    ("app_private.bearer", "token_sha256", "sha256('x')", "api_key_id is not null", {GUSTAV},
     "api_keys", "its token opens nothing"),
]  # fmt: skip
# Fields that no change above can name alone: with another number or capacity it is another row.
OTHERWISE = {("leads", "number"), ("leads", "capacities"), ("marketplaces", "seen as"),
             ("participants", "seen as"), ("offers", "seen as"), ("comments", "sort"),
             ("api_keys", "state")}  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def former(new_database: NewDatabase, clean_template: str) -> AsyncIterator[Former]:
    """The clean system and a little more, imported; tests put back what they change."""
    async with new_database(clean_template) as urls:
        async with connected(urls.superuser) as superuser:
            await superuser.execute(MORE)
        await imported(urls)
        async with copied(new_database, urls.database) as one:
            yield one


def test_every_field_is_changed_once() -> None:
    changed = {
        (kind, field) for _, _, _, _, _, kind, words in CHANGES for field in seen.FIELDS[kind]
        if words.startswith("other content") and field in words
    }  # fmt: skip
    assert {(k, field) for k, names in seen.FIELDS.items() for field in names} - changed == (
        OTHERWISE
    )


async def test_it_proves_before_anything_is_changed(former: Former) -> None:
    proofs = await former.prove(unfiltered=frozenset({OLGA, GUSTAV, ANNA, BEN}))
    assert {user: one.rows for user, one in proofs.items() if one.rows} == {}
    assert all(one.before == one.after for one in proofs.values())
    assert [one for one in await totals(former.staff, former.load) if not one.agrees] == []


def _rounds() -> list[list[Change]]:
    """One change of each kind at a time: what one of them shows, no other one does."""
    rounds: list[list[Change]] = []
    for change in CHANGES:
        for one in rounds:
            if not any(change[0] == other[0] or change[5] == other[5] for other in one):
                one.append(change)
                break
        else:
            rounds.append([change])
    return rounds


@pytest.mark.parametrize("changes", _rounds())
async def test_a_change_fails_the_proof_and_is_named(former: Former, changes: list[Change]) -> None:
    was = []
    for table, column, value, where, *_ in changes:
        rows = await former.superuser.fetch(f"select {column} as was from {table} where {where}")
        assert len(rows) == 1, (table, column)
        was.append(rows[0]["was"])
        await former.superuser.execute(f"alter table {table} disable trigger all")
        await former.plant(f"update {table} set {column} = {value} where {where}")
    try:
        found = await former.findings()
    finally:
        for (table, column, value, where, *_), old in zip(changes, was, strict=True):
            changed = f"{column} = {value}" if column == "token_sha256" else where
            await former.superuser.execute(f"update {table} set {column} = $1 where {changed}", old)
            await former.superuser.execute(f"alter table {table} enable trigger all")
    expected = {(user, kind, words) for *_, users, kind, words in changes for user in users}
    assert {(user, kind, words) for user, kind, _, _, words in found} == expected
    assert {verdict for *_, verdict, _ in found} == {"differs"}


GONE = [
    ("app.note", "true", {ANNA}, "comments"),
    ("app.message", OF_LEAD.format(4), {OLGA, GUSTAV, BEN}, "comments"),
    ("app.offer", OFFER.format(2, ANNA), {OLGA, ANNA}, "offers"),
    ("app.participation", f"{MARKET.format(2)} and " + COMPANY.format(OLGA), {OLGA, ANNA},
     "participants"),
    ("app.partner_invitation", MARKET.format(2), {ANNA}, "participants"),
    ("app_private.credential", "colleague_id = " + OF_USER.format("colleague_id", BEN), {BEN},
     "users"),
    ("app.engagement", OF_LEAD.format(3), {OLGA, ANNA}, "leads"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "where", "users", "kind"), GONE, ids=[g[0] for g in GONE])
async def test_a_row_that_is_gone_fails_the_proof(
    former: Former, table: str, where: str, users: set[int], kind: str
) -> None:
    await former.superuser.execute(f"create temp table kept as select * from {table} where {where}")
    past_keys = "set local session_replication_role = replica"
    await former.plant(past_keys, f"delete from {table} where {where}")
    try:
        found = await former.findings()
    finally:
        generated = await former.superuser.fetch(
            """select attname from pg_attribute where attrelid = $1::regclass and attnum > 0
               and not attisdropped and attgenerated = '' order by attnum""", table,
        )  # fmt: skip
        columns = ", ".join(row["attname"] for row in generated)
        await former.superuser.execute(
            f"insert into {table} ({columns}) select {columns} from kept; drop table kept"
        )
    assert {user for user, what, *_ in found if what == kind} == users
    assert {verdict for *_, verdict, _ in found} == {"differs"}


def _prove(former: Former) -> Any:
    env = {"DATABASE_STAFF_URL": former.urls.staff, "DATABASE_URL": former.urls.api}
    return kollegium("legacy", "prove", "--sample", "0", env=env)


@pytest.mark.parametrize(
    ("change", "back", "words"),
    [
        ("update app.engagement set value = 71 where value = 70",
         "update app.engagement set value = 70 where value = 71",
         "is 970.50 there and 971.50 here"),
        ("delete from app_private.legacy_lead where legacy_id = 7 returning *", None,
         "1 leads are neither here nor in quarantine."),
    ],
)  # fmt: skip
async def test_totals_that_differ_end_with_1(
    former: Former, change: str, back: str | None, words: str
) -> None:
    """A lead of which everybody is deleted: no user misses it, the totals do."""
    row = dict(await former.superuser.fetchrow(change) or {})
    try:
        assert await former.findings() == set()
        done = _prove(former)
    finally:
        await former.superuser.execute(back or "select 1")
        if row:
            places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
            await former.superuser.execute(
                f"insert into app_private.legacy_lead ({', '.join(row)}) values ({places})",
                *row.values(),
            )
    assert (done.returncode, words in " ".join(done.stdout.split())) == (1, True), done.stdout


async def test_it_proves_again_after_all_that(former: Former) -> None:
    assert await former.findings() == set()
    done = _prove(former)
    assert done.returncode == 0, done.stdout

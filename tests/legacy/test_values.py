"""A value that cannot come over keeps its own row out and nobody else's: from every kind of source,
in every table, told by table, number and column; and so does what no rule foresaw."""

import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from service.jobs.legacy.contract import SCHEMA_FILE, tables
from service.jobs.legacy.files import SourceError
from service.jobs.legacy.importing import Outcome, import_load
from service.jobs.legacy.sources import FileSource, LegacySource, reading
from service.jobs.legacy.staging import staged
from service.jobs.rollout.totals import totals
from tests.fixtures.database import NewDatabase, Urls, connected
from tests.legacy.former import copied
from tests.legacy.system import AT, copies, imported, loaded, planned, silent, state

TIMES = {
    name: [column.name for column in table.columns if column.type == "timestamptz"]
    for name, table in tables().items()
}
Finding = tuple[str, str, str, str | None]


async def _findings(staff: Any, load: int) -> set[Finding]:
    """Table, row, reason and columns of what waits, but for what only waits with it."""
    rows = await staff.fetch(
        "select * from app.legacy_list_findings($1, 'quarantine', 0, 10000)", load
    )
    return {
        (row["source_table"], row["legacy_key"], row["reason"], row["field"])
        for row in rows
        if row["reason"] != "depends-on"
    }


@asynccontextmanager
async def _source(kind: str, urls: Urls, directory: Path) -> AsyncIterator[LegacySource]:
    """Schema legacy of a database, or the same as files."""
    if kind in ("schema", "url"):
        async with connected(urls.staff) as other, reading(other, "legacy", kind) as source:
            yield source
        return
    async with connected(urls.superuser) as superuser:
        for name, table in tables().items():
            data = io.BytesIO()
            await superuser.copy_from_query(
                f"select {', '.join(table.names)} from legacy.{name} order by {table.key}",
                output=data,
                **({"format": "csv", "header": True} if kind == "csv" else {"format": "text"}),
            )
            (directory / f"{name}.{kind}").write_bytes(data.getvalue())
    yield FileSource(directory)


def test_the_required_columns_are_those_of_the_contract() -> None:
    script = SCHEMA_FILE.read_text("utf-8")
    found = {
        (table, column)
        for table, body in re.findall(r"^create table (\w+) \(\n(.*?)^\);", script, re.S | re.M)
        for column in re.findall(r"^  (\w+) .*not null", body, re.M)
    }
    sql = (SCHEMA_FILE.parents[1] / "functions" / "legacy" / "values.sql").read_text("utf-8")
    required = sql[sql.index("legacy_required()") : sql.index("legacy_texts()")]
    said = {
        (table, column)
        for table, columns in re.findall(r"\('(\w+)', '\{([\w,]+)\}'", required)
        for column in columns.split(",")
    }
    assert found - said == {("group_members", "group_id"), ("group_members", "user_id")}
    assert said <= found


async def test_a_time_out_of_range_is_told_in_every_table(clean: Urls) -> None:
    """One row of each table, each column of it that is a time."""
    rows = {
        **dict.fromkeys(TIMES, "id = 3"),
        **dict.fromkeys(("groups", "marketplaces", "statuses", "api_keys"), "id = 1"),
        "group_members": "user_id = 3",
    }
    async with connected(clean.superuser) as superuser:
        for value in ("infinity", "-infinity", "0044-03-15 BC", "1969-12-31", "10000-01-01"):
            for name, columns in TIMES.items():
                for column in columns:
                    await superuser.execute(
                        f"update legacy.{name} set {column} = $1::text::timestamptz "
                        f"where {rows[name]}", value,
                    )  # fmt: skip
            async with loaded(clean) as (staff, load):
                found = await _findings(staff, load)
            assert {(table, columns) for table, _, reason, columns in found
                    if reason == "time-out-of-range"} == {
                (name, ", ".join(sorted(columns))) for name, columns in TIMES.items()
            }  # fmt: skip
    outcome = await imported(clean)
    assert outcome.created["users"] == 4
    assert outcome.waiting > 10


async def test_others_come_over_and_the_row_follows_when_it_is_healed(
    clean: Urls, new_database: NewDatabase
) -> None:
    async with new_database(clean.database) as other, connected(other.superuser) as superuser:
        await imported(other)
        undisturbed = await state(superuser)
    async with connected(clean.superuser) as superuser:
        await superuser.execute(
            """update legacy.leads set created_at = 'infinity' where id = 1;
               update legacy.offers set expires_at = '-infinity' where id = 2;
               update legacy.comments set created_at = '10000-01-01' where id = 3"""
        )
        first = await imported(clean)
        assert (first.waiting, first.created["leads"]) == (3, 5)
        await superuser.execute(
            f"""update legacy.leads set created_at = '{AT}' where id = 1;
                update legacy.offers set expires_at = null where id = 2;
                update legacy.comments set created_at = '{AT}' where id = 3"""
        )
        second = await imported(clean)
        assert (second.waiting, second.healed, second.created["leads"]) == (0, 3, 1)
        end = await state(superuser)
    different = {name for name, value in end.items() if undisturbed[name] != value}
    assert different <= {"app_private.legacy_quarantine", "app.lead", "app_private.legacy_lead"}


# As an export may have them: columns that are text there, or files.
UNREADABLE = """
    alter table legacy.users alter created_at type text;
    alter table legacy.leads alter value type text, alter picked_at type text;
    alter table legacy.offers alter user_id type text;
    alter table legacy.comments alter shared type text;
    alter table legacy.marketplaces alter response_hours type text;
    alter table legacy.api_keys drop constraint api_keys_pkey;
    update legacy.users set created_at = 'gestern' where id = 4;
    update legacy.leads set value = '1e30', picked_at = '300000-01-01' where id = 3;
    update legacy.offers set user_id = 'Anna Huber' where id = 1;
    update legacy.comments set shared = 'vielleicht' where id = 1;
    update legacy.marketplaces set response_hours = '99999999999';
    insert into legacy.api_keys select * from legacy.api_keys;
"""
TOLD: set[Finding] = {
    ("users", "4", "value-unreadable", "created_at"),
    ("users", "4", "value-missing", "created_at"),
    ("leads", "3", "value-unreadable", "picked_at, value"),
    ("offers", "1", "value-unreadable", "user_id"),
    ("offers", "1", "value-missing", "user_id"),
    ("offers", "1", "user-missing", None),
    ("comments", "1", "value-unreadable", "shared"),
    ("comments", "1", "value-missing", "shared"),
    ("marketplaces", "1", "value-unreadable", "response_hours"),
    ("api_keys", "1", "number-twice", "id"),
}


@pytest.mark.parametrize("kind", ["schema", "url", "csv", "copy"])
async def test_a_value_that_cannot_be_read_is_told(
    clean: Urls, empty_database: Urls, tmp_path: Path, kind: str
) -> None:
    async with connected(clean.superuser) as superuser:
        await superuser.execute(UNREADABLE)
    async with (
        _source(kind, clean, tmp_path) as source,
        connected(empty_database.staff) as staff,
        staged(staff, source) as load,
    ):
        found = await _findings(staff, load)
        assert {one for one in found if one[1] != "row 1"} == TOLD
        # What depends on such a row waits for it, and is not told that it does not exist.
        rows = await staff.fetch(
            "select * from app.legacy_list_findings($1, 'quarantine', 0, 10000)", load
        )
        waits = {(row["source_table"], row["legacy_key"]): row["blocked_by"] for row in rows}
        assert waits["leads", "4"] == "marketplaces:1"
        assert waits["participants", "3"] == "marketplaces:1"
        outcome = await import_load([staff], load, silent)
        assert outcome.created["users"] == 4


async def test_a_record_that_is_none_is_told(
    clean: Urls, empty_database: Urls, tmp_path: Path
) -> None:
    """Values too many, too few, a NUL; with its number where it has one, else with its place."""
    async with _source("csv", clean, tmp_path) as source:
        comments = tmp_path / "comments.csv"
        lines = comments.read_bytes().splitlines(keepends=True)
        lines[1] = lines[1].replace(b",Anna", b"").rstrip(b"\n") + b",zu,viel\n"
        lines += [b"9,3\n", b"x\x00y\n", b"17,3,3,f,a\x00b,2025-01-01\n"]
        comments.write_bytes(b"".join(lines))
        async with connected(empty_database.staff) as staff, staged(staff, source) as load:
            found = await _findings(staff, load)
            assert found == {
                ("comments", key, "record-unreadable", None) for key in ("1", "9", "row 5", "17")
            }
            outcome: Outcome = await import_load([staff], load, silent)
            assert (outcome.created["leads"], outcome.waiting) == (6, 4)


async def test_what_cannot_be_read_is_not_deleted(
    clean: Urls, empty_database: Urls, tmp_path: Path
) -> None:
    """A week later the numbers of some rows cannot be read: what came over before waits."""

    async def run() -> Outcome:
        async with (
            connected(empty_database.staff) as staff,
            staged(staff, FileSource(tmp_path)) as load,
        ):
            return await import_load([staff], load, silent)

    async with _source("csv", clean, tmp_path), connected(empty_database.superuser) as superuser:
        await run()
        before = await state(superuser)
        good = {}
        for name, row in (("leads", 3), ("api_keys", 1), ("participants", 3)):
            file = tmp_path / f"{name}.csv"
            lines = good[file] = file.read_text("utf-8").splitlines(keepends=True)
            broken = [*lines[:row], "x" + lines[row], *lines[row + 1 :]]
            file.write_text("".join(broken), "utf-8")
        second = await run()
        assert second.waiting > 0
        rows = await superuser.fetch("select * from app_private.legacy_quarantine")
        found = {(row["source_table"], row["legacy_key"], row["reason"]) for row in rows}
        assert {
            ("leads", "3", "not-found"),
            ("api_keys", "1", "not-found"),
            ("participants", "3", "not-found"),
            ("leads", "row 3", "value-unreadable"),
        } <= found
        engaged = "select state from app.engagement where lead_id = (select id from app.lead where "
        assert await superuser.fetchval(engaged + "external_ref = '3')") == "active"
        assert await superuser.fetchval("select count(*) from app.api_key where active") == 1
        ended = "select count(*) from app.participation where state = 'ended'"
        assert await superuser.fetchval(ended) == 0
        for file, lines in good.items():
            file.write_text("".join(lines), "utf-8")
        healed = await run()
        assert healed.waiting == 0
        after = await state(superuser)
    assert {name for name, value in after.items() if before[name] != value} <= {
        "app_private.legacy_quarantine", "app.lead", "app.offer", "app.brokerage", "app.history",
        "app_private.legacy_lead", "app_private.legacy_participation", "app.participation",
    }  # fmt: skip


async def test_a_table_of_which_nothing_can_be_read_ends_it(
    clean: Urls, empty_database: Urls, tmp_path: Path
) -> None:
    async with _source("csv", clean, tmp_path) as source:
        comments = tmp_path / "comments.csv"
        header = comments.read_bytes().splitlines(keepends=True)[0]
        lines = [f"{i},1,1,f,Uwe Groß,2025-01-01,x\n".encode() for i in range(1100)]
        comments.write_bytes(header + b"".join(lines))
        async with connected(empty_database.staff) as staff:
            with pytest.raises(SourceError, match="comments: so many rows") as raised:
                async with staged(staff, source):
                    pass
    assert "Uwe" not in str(raised.value)


async def test_numbers_that_are_none_are_listed(clean: Urls) -> None:
    async with connected(clean.superuser) as superuser:
        await superuser.execute(
            """update legacy.users set id = -5 where id = 5;
               update legacy.leads set picked_by_user_id = -5 where picked_by_user_id = 5;
               update legacy.offers set user_id = -5 where user_id = 5;
               update legacy.comments set id = 0 where id = 1;
               update legacy.statuses set id = -1 where id = 2;
               update legacy.leads set status_id = -1 where status_id = 2"""
        )
        outcome = await imported(clean)
        rows = await superuser.fetch(
            "select source_table, legacy_key, reason from app_private.legacy_quarantine"
        )
        here = await superuser.fetch("select external_ref from app.lead order by 1")
    assert {tuple(row) for row in rows} == {
        ("users", "-5", "number-unusable"), ("comments", "0", "number-unusable"),
        ("statuses", "-1", "number-unusable"), ("leads", "5", "depends-on"),
        ("leads", "3", "depends-on"), ("offers", "6", "depends-on"), ("offers", "3", "depends-on"),
        ("offers", "4", "depends-on"), ("comments", "1", "depends-on"),
        ("comments", "2", "depends-on"),
    } - {("comments", "1", "depends-on")} | {("comments", "0", "depends-on")}  # fmt: skip
    assert [row[0] for row in here] == ["1", "2", "4", "6"]
    assert outcome.created["users"] == 4


async def test_what_a_rule_drops_is_listed(clean: Urls) -> None:
    async with connected(clean.superuser) as superuser:
        await superuser.execute(
            """update legacy.users set language = 'fr', phone = '+49 30 1' where id = 3;
               update legacy.leads set value = 7, status_id = 2 where id = 1;
               update legacy.leads set contact_country = 'Deutschland', contact_postcode = 'D*25',
                 contact_email = 'anna', contact_phone = 'abends',
                 contact_city = e'Hu\\u200bsum' where id = 2"""
        )
    found = {
        (f.kind, f.source_table, f.reason): f.first_keys for f in (await planned(clean)).findings
    }
    assert found["adjusted", "users", "language-unknown"] == ["3"]
    assert found["adjusted", "users", "phone-dropped"] == ["3"]
    assert found["adjusted", "leads", "value-dropped"] == ["1"]
    assert found["adjusted", "leads", "status-dropped"] == ["1"]
    for reason in ("postcode", "email", "phone"):
        assert found["warning", "leads", f"{reason}-kept-as-answer"] == ["2"]
    assert found["adjusted", "leads", "country-formatted"] == ["2"]
    assert found["warning", "leads", "text-unprintable"] == ["2"]


# Where a rule that nobody foresaw holds here, and the row and column of the former system that
# breaks it; each has a copy of the system of its own. An offer breaks the lead that it comes with.
UNFORESEEN = [
    ("app.company", "name", "users", 2, "company_name"),
    ("app.marketplace", "name", "marketplaces", 1, "name"),
    ("app.participation", "tags", "participants", 2, "tags"),
    ("app.api_key", "name", "api_keys", 1, "name"),
    ("app.lead", "interest", "leads", 3, "interest"),
    ("app.prospect", "street", "leads", 4, "contact_street"),
    ("app.offer", "decline_reason", "offers", 2, "reason"),
]


async def test_what_nobody_foresaw_keeps_one_row_out(
    clean: Urls, new_database: NewDatabase
) -> None:
    async with connected(clean.superuser) as superuser:
        await copies(superuser, len(UNFORESEEN))
        await superuser.execute(
            "alter table app_private.legacy_group add constraint odd check (name <> 'Huber')"
        )
        planted = {("groups", "1", "unforeseen", "23514 odd")}
        for place, (here, column, there, row, odd) in enumerate(UNFORESEEN, 1):
            await superuser.execute(
                f"alter table {here} add constraint odd check ({column}::text not like '%0815%');"
                f"update legacy.{there} set {odd} = '0815' where id = {place * 1000 + row}"
            )
            there = "leads" if there == "offers" else there
            planted.add((there, str(place * 1000 + row), "unforeseen", "23514 odd"))
        # Two rows, one card: what keeps one of them out keeps the other.
        planted.add(("participants", "3004", "unforeseen", "23514 odd"))
    first = await imported(clean)
    async with copied(new_database, clean.database) as former:
        assert await former.findings() == set()
        assert [one for one in await totals(former.staff, former.load) if not one.agrees] == []
    async with connected(clean.superuser) as superuser:
        rows = await superuser.fetch(
            "select * from app_private.legacy_quarantine where reason <> 'depends-on'"
        )
        found = {(r["source_table"], r["legacy_key"], r["reason"], r["field"]) for r in rows}
        assert found == planted
        for here, *_ in [("app_private.legacy_group",), *UNFORESEEN]:
            await superuser.execute(f"alter table {here} drop constraint odd")
        second = await imported(clean)
        assert (second.waiting, second.healed) == (0, first.waiting)
        leads = await superuser.fetchval("select count(*) from app.lead")
        assert leads == 6 * (1 + len(UNFORESEEN))


async def test_a_change_that_nobody_foresaw_keeps_one_row_out(brought: Urls) -> None:
    """Users change all at once; two who exchange addresses stay together when a third one fails."""
    async with connected(brought.superuser) as superuser:
        await superuser.execute(
            """alter table app.company add constraint odd check (name <> 'Anders');
               update legacy.users set company_name = 'Anders' where id = 2;
               update legacy.users set email = case id when 3 then 'ben@huber.example'
                 else 'anna@huber.example' end where id in (3, 4)"""
        )
        outcome = await imported(brought)
        waiting = await superuser.fetch(
            "select legacy_key, reason from app_private.legacy_quarantine "
            "where source_table = 'users'"
        )
        emails = await superuser.fetch("select email from app.colleague where email like '%huber%'")
    assert [tuple(row) for row in waiting] == [("2", "unforeseen")]
    assert outcome.changed["users changed"] == 2
    assert len(emails) == 2


async def test_where_all_rows_fail_it_is_not_the_rows(clean: Urls) -> None:
    """The control: the server's own errors, and rules that nothing passes, end the run."""
    async with connected(clean.superuser) as superuser:
        await superuser.execute("revoke insert on app.company from kollegium_broker")
        with pytest.raises(Exception, match="permission denied"):
            await imported(clean)
        waiting = await superuser.fetchval("select count(*) from app_private.legacy_quarantine")
    assert waiting == 0

"""The DBA's questions in sql/audit: each runs with psql alone as kollegium_auditor, is silent when
all is well, and speaks when something is not."""

from typing import Any

import pytest

from tests.fixtures.database import ROOT, NewDatabase, Urls, connected
from tests.fixtures.programs import psql

AUDIT = ROOT / "sql" / "audit"
FILES = sorted(file.stem for file in AUDIT.glob("*.sql"))
SILENT = "Returns nothing when all is well."
READ = "A table to read:"
# file -> ways to make it speak, and what it then says
FINDINGS: list[tuple[str, str, str]] = [
    ("unguarded_tables", "alter table app.note disable row level security", "app.note"),
    ("unguarded_tables", "alter table app.note no force row level security", "app.note"),
    (
        "unguarded_tables",
        "create table app.fresh (id uuid); alter table app.fresh enable row level security; "
        "alter table app.fresh force row level security",
        "no policy",
    ),
    ("unguarded_tables", "create view app.peek as select id from app.lead", "app.peek"),
    ("bypassing_roles", "alter table app.note owner to kollegium_broker", "app.note"),
    (
        "security_definer_functions",
        "grant execute on function app.purge() to public",
        "app.purge()",
    ),
    (
        "security_definer_functions",
        "alter function app.purge() owner to kollegium_owner",
        "kollegium_owner",
    ),
    ("security_definer_functions", "alter function app.purge() reset search_path", "search_path"),
    (
        "security_definer_functions",
        "grant execute on function app_private.caller() to kollegium_api",
        "private",
    ),
    ("context_functions", "alter function app.current_company_id() immutable", "not STABLE"),
    ("context_functions", "alter function app.current_company_id() leakproof", "LEAKPROOF"),
    (
        "context_functions",
        "alter function app.current_company_id() security invoker",
        "SECURITY DEFINER",
    ),
    (
        "context_functions",
        "create function app.current_company_id(int) returns uuid "
        "language sql as 'select null::uuid'",
        "2 of them",
    ),
    ("context_functions", "grant create on schema app to kollegium_api", "kollegium_api"),
    (
        "insert_beside_update",
        "grant insert (tags) on app.participation to kollegium_api",
        "app.participation",
    ),
    ("effective_policies", "alter policy select_own on app.note using (true)", "NOT IN THE SET"),
    (
        "effective_policies",
        "alter policy select_own on app.note using (exists (select from app.lead))",
        "NOT IN THE SET",
    ),
    (
        "executable_functions",
        "grant execute on function app_private.audit(text, uuid, uuid, uuid, jsonb) "
        "to kollegium_api",
        "app_private.audit(",
    ),
    ("grants", "grant select on app.note to public", "public"),
    (
        "executable_functions",
        "grant execute on function app.purge() to kollegium_auditor",
        "kollegium_auditor|app.purge()",
    ),
    (
        "matrix",
        "alter policy select_own on app.note using (true)",
        "kollegium_api|app.note|select|every row",
    ),
    (
        "visibility_keys",
        "alter table app.message drop constraint"
        " message_marketplace_id_lead_id_engagement_id_parties_fkey",
        "app.message|follows its engagement|missing",
    ),
    (
        "visibility_keys",
        "alter table app.engagement drop constraint engagement_unnamed, add constraint"
        " engagement_unnamed check (ended_at is null or company_name = '')",
        "app.engagement|names go with its end|missing",
    ),
    (
        "visibility_keys",
        "alter table app.engagement_card drop column parties cascade, add column parties uuid[]",
        "app.engagement_card|parties|is made of: nothing",
    ),
    (
        "drift",
        "alter policy select_own on app.note using (true)",
        "select to kollegium_api using true",
    ),
    ("drift", "create publication everything for all tables", "publication|everything"),
    (
        "personal_columns",
        "grant select (handler_name) on app.engagement_card to kollegium_staff",
        "engagement_card|handler_name|personal|kollegium_api, kollegium_staff (no row)|",
    ),
]


def _ask(urls: Urls, name: str) -> str:
    result = psql(urls.auditor, AUDIT / f"{name}.sql", "-At")
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def _header(name: str) -> str:
    return (AUDIT / f"{name}.sql").read_text("utf-8").splitlines()[0]


@pytest.mark.parametrize("name", FILES)
def test_says_what_kind_it_is(name: str) -> None:
    assert SILENT in _header(name) or READ in _header(name)


@pytest.mark.parametrize("name", [name for name in FILES if name != "server_patch_level"])
def test_all_is_well(world_database: Urls, name: str) -> None:
    answer = _ask(world_database, name)
    if SILENT in _header(name):
        assert answer == ""
    else:
        assert len(answer.splitlines()) > 30
        assert "NOT IN THE SET" not in answer
        assert not {"kollegium_worker", "kollegium_staff", "kollegium_auditor", "public"} & {
            line.split("|")[1] for line in answer.splitlines() if name == "grants"
        }


@pytest.mark.parametrize(
    ("name", "change", "says"), FINDINGS, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(FINDINGS)]
)
async def test_speaks(new_database: NewDatabase, name: str, change: str, says: str) -> None:
    async with new_database() as urls:
        before = _ask(urls, name)
        assert says not in before or name == "grants"
        async with connected(urls.superuser) as superuser:
            await superuser.execute(change)
        assert says in _ask(urls, name).replace(before, "")


async def test_bypassing_attributes_are_found(new_database: NewDatabase) -> None:
    """Roles belong to the server, so here the change stays in a transaction."""
    question = (AUDIT / "bypassing_roles.sql").read_text("utf-8")
    async with new_database() as urls, connected(urls.superuser) as superuser:
        for change in (
            "alter role kollegium_api bypassrls",
            "alter role kollegium_staff createrole",
            "grant kollegium_broker to kollegium_worker",
            "alter role kollegium_owner inherit",
        ):
            assert await superuser.fetch(question) == []
            transaction = superuser.transaction()
            await transaction.start()
            await superuser.execute(change)
            assert len(await superuser.fetch(question)) == 1, change
            await transaction.rollback()


@pytest.mark.parametrize(
    ("number", "finding"),
    [
        (150018, "15.20"),
        (150020, None),
        (160015, "16.16"),
        (160016, None),
        (170011, "17.12"),
        (170012, None),
        (180006, "18.7"),
        (180007, None),
        (190000, None),
        (140030, "no fixed release"),
    ],
)
async def test_patch_level(new_database: NewDatabase, number: int, finding: str | None) -> None:
    """The versions of the advisory, and what this server itself is told."""
    question = (AUDIT / "server_patch_level.sql").read_text("utf-8")
    asked = question.replace("current_setting('server_version_num')", f"'{number}'")
    assert asked != question
    async with new_database() as urls, connected(urls.auditor) as auditor:
        rows: Any = await auditor.fetch(asked)
        assert [finding in row["finding"] for row in rows] == ([] if finding is None else [True])
        own = await auditor.fetchval("select current_setting('server_version_num')::int")
        answer = _ask(urls, "server_patch_level")
        if own == number:
            assert bool(answer) == bool(rows)


def test_every_silent_question_has_a_control() -> None:
    controlled = {name for name, _, _ in FINDINGS} | {"server_patch_level", "bypassing_roles"}
    assert controlled == set(FILES)

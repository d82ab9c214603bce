"""Who may be one firm: all hints for staff, and for admins what both sides knew before."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.fixtures.database import NewDatabase, Urls, connected
from tests.fixtures.http import Person, from_address, running
from tests.fixtures.world import World

PATH = "/company/merge-suggestions"
# Groups as the import leaves them: Huber (7) and Klein (8) in two, Lang (9) in one with Klein.
GROUPS = """
    insert into app_private.legacy_group
      values (1, 7, 'Solarteure Nord'), (2, 8, null), (3, 9, 'x');
    insert into app_private.legacy_group_member
      values (1, 7), (1, 8), (2, 7), (2, 8), (3, 8), (3, 9)
"""


class Stage:
    """The world, with three companies of legacy users."""

    def __init__(self, urls: Urls, world: World, superuser: Any, staff: Any, client: Any) -> None:
        self.urls, self.world, self.superuser, self.staff = urls, world, superuser, staff
        self.client = client

    def __getattr__(self, name: str) -> Person:
        return Person(self.client, getattr(self.world, name).token)

    async def arrive(self, number: int, name: str, vat_id: str | None) -> None:
        """What the import leaves behind of a user."""
        company = self.world.companies[name]
        await self.superuser.execute(
            "update app.company set origin_legacy_user_id = $2 where id = $1",
            *(company.id, str(number)),
        )
        await self.superuser.execute(
            """insert into app_private.legacy_user (legacy_id, company_id, colleague_id, vat_id,
                 row_hash, version) values ($1, $2, $3, $4, 0, 2)""",
            *(number, company.id, company.admin.id, vat_id),
        )

    async def seen_by(self, who: Person) -> dict[str, list[str]]:
        """Groups by company."""
        answer = await who.get(PATH)
        assert answer.status_code == 200, answer.text
        return {one["company_name"]: one["groups"] for one in answer.json()["items"]}

    async def staffs(self) -> dict[tuple[str, str], list[str]]:
        """Names by kind and value."""
        rows = await self.staff.fetch("select * from app.list_merge_suggestions()")
        return {(row["kind"], row["value"]): row["company_names"] for row in rows}


@pytest_asyncio.fixture(scope="module")
async def stage(
    new_database: NewDatabase, world_template: tuple[str, World]
) -> AsyncIterator[Stage]:
    async with (
        new_database(world_template[0]) as urls,
        connected(urls.superuser) as superuser,
        connected(urls.staff) as staff,
        running(urls.api) as app,
        from_address(app) as client,
    ):
        one = Stage(urls, world_template[1], superuser, staff, client)
        for number, name, vat_id in (
            (7, "huber", "DE 123 456 788"),
            (8, "klein", None),
            (9, "lang", "de123456788"),
        ):
            await one.arrive(number, name, vat_id)
        await superuser.execute(GROUPS)
        yield one


async def test_an_admin_sees_whom_a_group_linked_him_with(stage: Stage) -> None:
    assert await stage.seen_by(stage.anna) == {"Firma Klein": ["2", "Solarteure Nord"]}
    assert await stage.seen_by(stage.cora) == {
        "Firma Huber": ["2", "Solarteure Nord"],
        "Firma Lang": ["x"],
    }
    assert await stage.seen_by(stage.gerd) == {}


async def test_an_admin_is_told_the_name_and_the_group_and_no_more(stage: Stage) -> None:
    (item,) = (await stage.anna.get(PATH)).json()["items"]
    assert set(item) == {"company_id", "company_name", "groups"}
    assert item["company_id"] == str(stage.world.klein.id)


async def test_pages_go_on_where_they_ended(stage: Stage) -> None:
    first = (await stage.cora.get(PATH, params={"limit": 1})).json()
    second = (
        await stage.cora.get(PATH, params={"limit": 1, "cursor": first["next_cursor"]})
    ).json()
    names = {item["company_name"] for page in (first, second) for item in page["items"]}
    assert names == {"Firma Huber", "Firma Lang"}
    assert second["next_cursor"] is None


async def test_only_admins(stage: Stage) -> None:
    for person in (stage.ben, stage.dora, Person(stage.client, "kgk_world-Huber")):
        assert (await person.get(PATH)).status_code in (401, 403)
    assert (await stage.ben.get(PATH)).status_code == 403


async def test_what_only_one_side_wrote_is_for_staff_alone(stage: Stage) -> None:
    """An equal VAT id, domain or name: shown to an admin, it would tell him who is here."""
    await stage.superuser.execute(
        "update app.company set name = ' Firma  GEBER' where id = $1", stage.world.neu.id
    )
    await stage.superuser.execute(
        "update app.colleague set email = 'nina@geber.example' where id = $1", stage.world.nina.id
    )
    found = await stage.staffs()
    assert found[("vat_id", "DE123456788")] == ["Firma Huber", "Firma Lang"]
    assert found[("legacy_group", "1")] == ["Firma Huber", "Firma Klein"]
    assert sorted(found[("name", "firma geber")]) == [" Firma  GEBER", "Firma Geber"]
    assert sorted(found[("email_domain", "geber.example")]) == [" Firma  GEBER", "Firma Geber"]
    assert await stage.seen_by(stage.gerd) == await stage.seen_by(stage.nina) == {}
    assert "Firma Lang" not in await stage.seen_by(stage.anna)


async def test_addresses_of_public_mail_providers_say_nothing(stage: Stage) -> None:
    for number, name in enumerate(("gerd", "lena")):
        await stage.superuser.execute(
            "update app.colleague set email = $2 where id = $1",
            *(getattr(stage.world, name).id, f"firma{number}@gmx.de"),
        )
    assert ("email_domain", "gmx.de") not in await stage.staffs()
    domains = (
        "gmail.com", "web.de", "t-online.de", "yahoo.co.uk", "firma-gmx.de", "web.firma.de",
    )  # fmt: skip
    kept = [
        domain
        for domain in domains
        if await stage.superuser.fetchval("select app_private.firm_domain($1)", f"a@{domain}")
    ]
    assert kept == ["firma-gmx.de", "web.firma.de"]


async def test_who_was_merged_or_closed_is_not_suggested(stage: Stage) -> None:
    async with connected(stage.urls.superuser) as superuser:
        await superuser.execute(
            "update app.company set state = 'closed' where id = $1", stage.world.lang.id
        )
        try:
            assert "Firma Lang" not in await stage.seen_by(stage.cora)
            assert ("vat_id", "DE123456788") not in await stage.staffs()
        finally:
            await superuser.execute(
                "update app.company set state = 'active' where id = $1", stage.world.lang.id
            )
        # Both legacy users act for one company now: nothing is left to suggest between them.
        await superuser.execute(
            "update app.colleague set company_id = $1 where id = $2",
            *(stage.world.klein.id, stage.world.lena.id),
        )
        assert await stage.seen_by(stage.cora) == {"Firma Huber": ["2", "Solarteure Nord"]}

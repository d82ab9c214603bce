"""The colleague features come by week: refused before, there after, and back only while alone.

Firma Klein (Cora alone) and Firma Huber (Anna, Ben, Dora) came from the former service here; all
other companies of the world were set up in this one.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from service.commands.legacy.cohorts import OUTCOMES
from service.jobs.mail.rendering import render
from service.jobs.rollout.weeks import Rollout
from tests.fixtures.database import NewDatabase, Urls, connected, waiting_for_locks
from tests.fixtures.http import Person, from_address, running
from tests.fixtures.world import World

WEEK, LATER = "2026-W41", "2026-W42"
INVITE = "app.invite_colleague($1, 'member', $2)"


class Stage:
    """A clone of the world with two companies of legacy users, and everybody's connections."""

    def __init__(self, urls: Urls, world: World, staff: Any, superuser: Any, client: Any) -> None:
        self.urls, self.world, self.staff, self.superuser = urls, world, staff, superuser
        self.client = client
        self.rollout = Rollout(staff)

    def __getattr__(self, name: str) -> Person:
        return Person(self.client, getattr(self.world, name).token)

    async def arrive(self) -> None:
        """What the import leaves behind: the mark on the company. No invitation is open."""
        for number, company in ((7, self.world.klein), (8, self.world.huber)):
            await self.superuser.execute(
                "update app.company set origin_legacy_user_id = $2 where id = $1",
                *(company.id, str(number)),
            )
        await self.superuser.execute("update app.invitation set state = 'revoked'")

    async def prove(self, company: UUID, differences: int = 0) -> None:
        """A proof as `kollegium legacy prove` keeps it."""
        await self.staff.execute(
            """select app.keep_proofs(jsonb_build_array(jsonb_build_object('company_id', $1::uuid,
                 'users', 1, 'marketplaces', 0, 'participants', 0, 'leads', 1, 'prospects', 1,
                 'offers', 0, 'comments', 0, 'api_keys', 0,
                 'differences', $2::integer, 'waiting', 0, 'since_import', 0, 'digest', 'x')))""",
            *(company, differences),
        )

    async def switch(self, on: bool, week: str = WEEK, **options: Any) -> dict[str, str]:
        """Outcome by company name."""
        options = {"unproven": False, "dry_run": False, **options}
        return {one.name: one.outcome for one in await self.rollout.switch(week, on=on, **options)}

    async def features(self, who: Person) -> Any:
        return (await who.get("/company")).json()["colleague_features"]

    async def mails(self, template: str) -> list[Any]:
        return await self.superuser.fetch(
            "select recipient, language, payload from app_private.outbox where template = $1",
            template,
        )


@pytest_asyncio.fixture
async def stage(
    new_database: NewDatabase, world_template: tuple[str, World]
) -> AsyncIterator[Stage]:
    async with (
        new_database(world_template[0]) as urls,
        connected(urls.staff) as staff,
        connected(urls.superuser) as superuser,
        running(urls.api) as app,
        from_address(app) as client,
    ):
        one = Stage(urls, world_template[1], staff, superuser, client)
        await one.arrive()
        yield one


async def test_inviting_is_refused_before_the_week_and_works_after(stage: Stage) -> None:
    colleague = {"email": "neu@klein.example"}
    await stage.rollout.move(stage.world.klein.id, WEEK)
    await stage.prove(stage.world.klein.id)
    assert await stage.features(stage.cora) == {"on": False, "week": WEEK}
    for language, title in (
        ("de", "Die Kollegenfunktion ist noch nicht eingeschaltet"),
        ("en", "The colleague features are not switched on yet"),
    ):
        refused = await stage.cora.post(
            "/invitations", colleague, headers={"Accept-Language": language}
        )
        assert refused.status_code == 409
        assert (refused.json()["title"], refused.json()["week"]) == (title, WEEK)
    assert await stage.switch(on=True) == {"Firma Klein": "switched"}
    assert await stage.features(stage.cora) == {"on": True, "week": WEEK}
    assert (await stage.cora.post("/invitations", colleague)).status_code == 201
    (mail,) = await stage.mails("colleague-features-on")
    assert (mail["recipient"], mail["language"]) == ("cora@klein.example", "de")
    assert (
        "Firma Klein" in render("colleague-features-on", "de", mail["payload"], base_url="x").text
    )
    assert await stage.switch(on=True) == {"Firma Klein": "already"}
    assert len(await stage.mails("colleague-features-on")) == 1


async def test_without_a_week_they_are_off_and_nobody_is_told_one(stage: Stage) -> None:
    assert await stage.features(stage.cora) == {"on": False, "week": None}
    refused = await stage.cora.post("/invitations", {"email": "neu@klein.example"})
    assert refused.status_code == 409
    assert "week" not in refused.json()


async def test_companies_set_up_here_have_them(stage: Stage) -> None:
    assert await stage.features(stage.lena) == {"on": True, "week": None}
    invited = await stage.lena.post("/invitations", {"email": "neu@lang.example"})
    assert invited.status_code == 201
    # And no week can take them away: they are in none.
    with pytest.raises(asyncpg.PostgresError) as refused:
        await stage.rollout.move(stage.world.lang.id, WEEK)
    assert refused.value.sqlstate == "KG404"


async def test_who_is_no_admin_is_told_that_first(stage: Stage) -> None:
    refused = await stage.ben.post("/invitations", {"email": "neu@huber.example"})
    assert refused.status_code == 403


async def test_only_proven_companies_are_switched_on(stage: Stage) -> None:
    await stage.rollout.move(stage.world.klein.id, WEEK)
    await stage.rollout.move(stage.world.huber.id, WEEK)
    await stage.prove(stage.world.huber.id, differences=2)
    assert await stage.switch(on=True) == {"Firma Huber": "differs", "Firma Klein": "unproven"}
    await stage.prove(stage.world.klein.id)
    assert await stage.switch(on=True) == {"Firma Huber": "differs", "Firma Klein": "switched"}
    assert await stage.switch(on=True, unproven=True) == {
        "Firma Huber": "switched",
        "Firma Klein": "already",
    }
    (week,) = [one for one in await stage.rollout.status() if one.week == WEEK]
    assert week.switched_on
    assert (week.companies, week.features_on, week.several_colleagues) == (2, 2, 1)
    assert (week.proven, week.differing, week.unproven) == (1, 1, 0)


async def test_a_proof_from_before_the_last_import_does_not_count(stage: Stage) -> None:
    await stage.rollout.move(stage.world.klein.id, WEEK)
    await stage.prove(stage.world.klein.id)
    await stage.superuser.execute("select app_private.audit('legacy-run-ended', null, null, null)")
    (before,) = await stage.rollout.members(WEEK)
    assert before.differences is None
    assert await stage.switch(on=True) == {"Firma Klein": "unproven"}
    await stage.prove(stage.world.klein.id)
    assert await stage.switch(on=True) == {"Firma Klein": "switched"}


async def test_off_again_only_while_a_company_is_alone(stage: Stage) -> None:
    for company in (stage.world.klein, stage.world.huber):
        await stage.rollout.move(company.id, WEEK)
    await stage.switch(on=True, unproven=True)
    invited = await stage.cora.post("/invitations", {"email": "neu@klein.example"})
    expected = {"Firma Huber": "colleagues", "Firma Klein": "invited"}
    assert await stage.switch(on=False) == expected
    assert (await stage.features(stage.cora))["on"]
    await stage.cora.delete(f"/invitations/{invited.json()['id']}")
    assert await stage.switch(on=False) == {**expected, "Firma Klein": "switched"}
    assert not (await stage.features(stage.cora))["on"]
    assert (await stage.features(stage.anna))["on"]
    # A former colleague could come back, so his company is not alone either.
    for name in ("ben", "dora"):
        await stage.anna.patch(f"/colleagues/{getattr(stage.world, name).id}", {"active": False})
    assert (await stage.switch(on=False))["Firma Huber"] == "colleagues"


async def test_a_dry_run_shows_the_same_and_keeps_nothing(stage: Stage) -> None:
    await stage.rollout.move(stage.world.klein.id, WEEK)
    rehearsed = await stage.switch(on=True, unproven=True, dry_run=True)
    assert rehearsed == {"Firma Klein": "switched"}
    assert not (await stage.features(stage.cora))["on"]
    assert await stage.mails("colleague-features-on") == []
    assert await stage.switch(on=True, unproven=True) == rehearsed
    assert (await stage.features(stage.cora))["on"]


@pytest.mark.parametrize(("commits", "outcome"), [(True, "invited"), (False, "switched")])
async def test_switching_off_waits_for_an_invitation_under_way(
    stage: Stage, commits: bool, outcome: str
) -> None:
    await stage.rollout.move(stage.world.klein.id, WEEK)
    await stage.switch(on=True, unproven=True)
    async with connected(stage.urls.api) as api:
        transaction = api.transaction()
        await transaction.start()
        await api.execute("select from app.enter($1)", stage.world.cora.token)
        await api.execute(f"select {INVITE}", "neu@klein.example", "kgi_race")
        switching = asyncio.create_task(stage.switch(on=False))
        await waiting_for_locks(stage.superuser, switching)
        await (transaction.commit() if commits else transaction.rollback())
    assert await switching == {"Firma Klein": outcome}


async def test_assignments_keep_to_what_was_chosen_by_hand(stage: Stage) -> None:
    # Both take part in Marktplatz Nord, so they belong together unless staff says otherwise.
    rehearsed = await stage.rollout.assign(anew=False, dry_run=True)
    assert {one.week for one in await stage.rollout.members()} == {None}
    assigned = await stage.rollout.assign(anew=False, dry_run=False)
    assert assigned == rehearsed
    assert len(set(assigned.weeks.values())) == 1
    await stage.rollout.move(stage.world.klein.id, "2026-W43")
    again = await stage.rollout.assign(anew=True, dry_run=False)
    assert stage.world.klein.id not in again.weeks
    weeks = {one.name: (one.week, one.overridden) for one in await stage.rollout.members()}
    assert weeks["Firma Klein"] == ("2026-W43", True)


async def test_a_second_assignment_changes_nothing(stage: Stage) -> None:
    await stage.rollout.assign(anew=False, dry_run=False)
    before = await stage.rollout.members()
    assert (await stage.rollout.assign(anew=False, dry_run=False)).weeks == {}
    assert await stage.rollout.members() == before


STAFF_ONLY = (
    "app.list_cohorts()", "app.list_cohort_links()", "app.rollout_status()",
    "app.assign_cohorts('{}', '{}')", "app.move_to_cohort(gen_random_uuid(), '2026-W41')",
    "app.switch_cohort('2026-W41', true, true)", "app.list_merge_suggestions()",
    "app.open_proof_sessions('{}', '{}')", "app.close_proof_sessions('{}')",
    "app.keep_proofs('[]')", "app.list_proof_users(1)", "app.prove_before(1, 1, 1)",
    "app.prove_before_rows(1, '{1}')", "app.prove_before_joined(1, gen_random_uuid())",
    "app.prove_since_import(1, gen_random_uuid(), '{}', '{}', '{}', '{}', '{}')",
    "app.open_joined_proof_sessions('{}', '{}')",
    "app.prove_totals(1)",
)  # fmt: skip


@pytest.mark.parametrize("call", STAFF_ONLY)
async def test_only_staff_may(stage_urls: Urls, call: str) -> None:
    """Above all the web tier, with the token of an admin in its hands."""
    for role in ("api", "worker", "auditor"):
        async with connected(getattr(stage_urls, role)) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"select {call}")
    async with connected(stage_urls.staff) as staff:  # the control: it is not refused for its role
        if "move_to_cohort" in call:
            with pytest.raises(asyncpg.PostgresError, match="not-found"):
                await staff.fetch(f"select {call}")
        else:
            await staff.fetch(f"select {call}")


@pytest_asyncio.fixture(scope="module")
async def stage_urls(world_database: Urls) -> Urls:
    """The module's world, unchanged."""
    return world_database


@pytest.mark.parametrize("function", ["colleague_features", "my_merge_suggestions"])
async def test_staff_has_no_business_in_a_companys_room(stage_urls: Urls, function: str) -> None:
    for role in ("staff", "worker", "auditor"):
        async with connected(getattr(stage_urls, role)) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"select app.{function}()")


def test_every_outcome_has_words(stage_urls: Urls) -> None:
    from typing import get_args

    from service.jobs.rollout.weeks import Outcome

    assert set(OUTCOMES) == set(get_args(Outcome))

"""`kollegium audit who-sees`, and the same function with psql, each as kollegium_auditor."""

from pathlib import Path

import pytest

from tests.fixtures.commands import found, kollegium
from tests.fixtures.database import NewDatabase, Urls, connected
from tests.fixtures.programs import psql
from tests.fixtures.world import World


def _key(world: World, lead: str) -> str:
    return f"{world.nord_id}/{world.leads[lead]}"


def test_who_sees(world_database: Urls, world: World) -> None:
    env = {"DATABASE_AUDITOR_URL": world_database.auditor}
    answer = found(kollegium("audit", "who-sees", _key(world, "engaged"), "--json", env=env))
    items = answer["items"]
    person = {line["company"]: line["because"] for line in items if line["part"] == "person"}
    assert person == {"Firma Nord": "operator", "Firma Geber": "giver", "Firma Huber": "engaged"}
    huber = next(line for line in items if line["company"] == "Firma Huber")
    assert {str(world.anna.id), str(world.ben.id)} <= set(huber["colleagues"])
    assert "Anna" not in str(answer), "no personal data for the auditor"
    shown = kollegium("audit", "who-sees", _key(world, "engaged"), env=env)
    assert "works the lead" in shown.stdout


def test_why_not(world_database: Urls, world: World) -> None:
    done = kollegium(
        "audit", "who-sees", str(world.leads["engaged"]), "--marketplace", str(world.nord_id),
        "--company", str(world.fremd.id), "--json",
        env={"DATABASE_AUDITOR_URL": world_database.auditor},
    )  # fmt: skip
    lines = found(done)["items"]
    assert {(line["sees"], line["because"]) for line in lines if line["part"] != "own"} == {
        (False, "no-card")
    }


@pytest.mark.parametrize(("lead", "says"), [("1/2", "MARKETPLACE/LEAD"), ("{m}/{m}", "Not found")])
def test_what_there_is_not(world_database: Urls, world: World, lead: str, says: str) -> None:
    done = kollegium(
        "audit", "who-sees", lead.format(m=world.nord_id),
        env={"DATABASE_AUDITOR_URL": world_database.auditor},
    )  # fmt: skip
    assert done.returncode != 0
    assert says in done.stderr


async def test_a_hole_is_an_exit_code(
    new_database: NewDatabase, world_template: tuple[str, World]
) -> None:
    name, world = world_template
    async with new_database(name) as urls, connected(urls.superuser) as superuser:
        await superuser.execute("alter policy select_party on app.prospect using (true)")
        done = kollegium(
            "audit", "who-sees", _key(world, "engaged"), env={"DATABASE_AUDITOR_URL": urls.auditor}
        )
        assert done.returncode == 1
        assert "NO FACT EXPLAINS" in done.stdout


def test_with_psql(world_database: Urls, world: World, tmp_path: Path) -> None:
    file = tmp_path / "ask.sql"
    file.write_text(
        "select company, part, why from app.who_sees"
        f"('{world.nord_id}', '{world.leads['offered']}')", "utf-8"
    )  # fmt: skip
    result = psql(world_database.auditor, file, "-At")
    assert "Firma Klein|offer|has an open offer: the teaser, without the person" in result.stdout

"""`kollegium merge`, started as staff starts it."""

import subprocess
from typing import Any

from tests.fixtures.commands import found, kollegium
from tests.fixtures.world import World
from tests.merging.conftest import Place


class Desk:
    """Staff's keyboard."""

    def __init__(self, place: Place) -> None:
        self.env = {"DATABASE_STAFF_URL": place.urls.staff, "COLUMNS": "140"}

    def type(self, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """What people see."""
        return kollegium("merge", *arguments, stdin=stdin, env=self.env)

    def json(self, *arguments: str) -> Any:
        """What programs read."""
        return found(self.type(*arguments, "--json"))


async def test_a_merge_and_its_undoing(place: Place, world: World) -> None:
    desk = Desk(place)
    assert "No merges yet" in desk.type("list").stdout
    made = desk.json(
        "request", "--survivor", str(world.huber.id), "--absorbed", str(world.klein.id),
        "--reference", "Brief 12/2026",
    )  # fmt: skip
    merge = made["id"]
    early = desk.type("run", merge, "--yes")
    assert early.returncode == 1
    assert "The merge is answered; for this it has to be consented" in early.stderr
    rehearsed = desk.type("rehearse", merge)
    assert rehearsed.returncode == 0, rehearsed.stderr
    assert "Firma Huber absorbs Firma Klein" in rehearsed.stdout
    assert "removed (journal)" in rehearsed.stdout
    for side in ("survivor", "absorbed"):
        desk.json("consent", merge, "--side", side, "--reference", "Mail")
    assert desk.json("run", merge, "--dry-run")["state"] == "consented"
    no = desk.type("run", merge, stdin="n\n")
    assert no.returncode == 1
    done = desk.type("run", merge, stdin="y\n")
    assert done.returncode == 0, done.stderr
    assert "Firma Huber has absorbed Firma Klein" in done.stdout
    assert "can be undone for 30 days" in desk.type("list").stdout
    dry = desk.type("undo", merge, "--dry-run")
    assert "would be two companies again" in dry.stdout, dry.stderr
    assert "Nothing was changed" in dry.stdout
    assert desk.json("show", merge)["state"] == "done"
    undone = desk.type("undo", merge, "--yes")
    assert "two companies again" in undone.stdout
    assert desk.json("show", merge)["state"] == "undone"


async def test_drift_is_told_with_what_to_do(place: Place, world: World) -> None:
    merge = await place.merging.prepare(world.klein, world.huber)
    await place.superuser.execute(
        "update app.company set language = 'en' where id = $1", world.huber.id
    )
    await place.superuser.execute(
        "update app.offer set state = 'declined' where lead_id = $1 and company_id = $2",
        *(world.leads["offered"], world.klein.id),
    )
    refused = Desk(place).type("run", str(merge), "--yes")
    assert refused.returncode == 1
    for line in (
        "Nothing was changed",
        "language: de would stay, en go",
        f"rehearsed: offer of the absorbed removed ({world.leads['offered']})",
        f"now: offer of the survivor removed ({world.leads['offered']})",
        f"kollegium merge rehearse {merge}",
    ):
        assert line in refused.stderr


async def test_a_refusal_says_what_helps(place: Place, world: World) -> None:
    desk = Desk(place)
    first = await place.merging.merge(world.huber, world.klein)
    second = await place.merging.merge(world.huber, world.lang)
    refused = desk.type("undo", str(first), "--dry-run")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"Undo that first: kollegium merge undo {second}" in refused.stderr
    blocked = await place.staff.fetchval(
        "select app.request_merge_in_writing($1, $2, null, 'Brief')", world.nord.id, world.huber.id
    )
    rehearsed = desk.type("rehearse", str(blocked))
    assert "FORBIDDEN: an operator merges with a taker of its own only where" in rehearsed.stdout
    consent = desk.type("consent", str(blocked), "--side", "survivor", "--reference", "Mail")
    assert consent.returncode == 1
    assert "set operator_may_take of marketplace Marktplatz Nord" in consent.stderr


async def test_a_split(place: Place, world: World) -> None:
    desk = Desk(place)
    arguments = [
        "split", "--colleague", world.ben.email, "--name", "Ben Huber Solar",
        "--reference", "Brief",
        "--lead", f"{world.nord_id}/{world.leads['engaged']}",
    ]  # fmt: skip
    dry = desk.json(*arguments, "--dry-run")
    assert (dry["leads"], "company_id" in dry) == (1, False)
    done = desk.type(*arguments, "--yes")
    assert done.returncode == 0, done.stderr
    assert "ben@huber.example is the admin of Ben Huber Solar" in done.stdout
    wrong = desk.type(*arguments[:-1], "nonsense", "--yes")
    assert wrong.returncode == 1
    assert "MARKETPLACE/LEAD" in wrong.stderr


async def test_what_does_not_exist_is_said(place: Place) -> None:
    unknown = Desk(place).type("show", "0199b6a0-0000-7000-8000-000000000001")
    assert unknown.returncode == 1
    assert "Not found" in unknown.stderr

"""Files of leads go where their company goes: through a merge, back, and into a split."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg

from tests.fixtures.database import as_bearer, connected
from tests.fixtures.world import Colleague, World
from tests.merging.conftest import Place
from tests.merging.stage import fingerprint, mark
from tests.merging.test_split import _split

NEW = "app.begin_file($1, $2)"
PART = "app.put_file_part($1, $2, 0, $3)"
ADD = "app.add_file($1, $2, $3, $4, 'Foto.pdf', 'application/pdf', 1000)"


async def put(place: Place, who: Colleague, m: UUID, lead: UUID, *, shared: bool) -> UUID:
    """A file of a lead, with its author's name in it."""
    async with connected(place.urls.api) as api, as_bearer(api, who.token):
        file: UUID = await api.fetchval(f"select {NEW}", m, lead)
        await api.fetchval(f"select {PART}", m, file, who.name.encode())
        await api.fetchval(f"select {ADD}", m, lead, file, shared)
    return file


async def reads(place: Place, m: UUID, file: UUID, *whos: Colleague) -> list[bool]:
    """Who of them reads the file: its row, and its content; both or neither."""
    found = []
    for who in whos:
        async with connected(place.urls.api) as api, as_bearer(api, who.token):
            rows = await api.fetchval(
                "select (select count(*) from app.note_file where id = $1)"
                " + (select count(*) from app.message_file where id = $1)",
                file,
            )
            content = None
            with suppress(asyncpg.PostgresError):  # the transaction is over
                content = await api.fetchval("select app.file_part($1, $2, 0)", m, file)
        assert (rows == 1) == (content is not None), who.name
        found.append(rows == 1)
    return found


async def test_files_go_with_who_is_absorbed_and_back(place: Place, world: World) -> None:
    m, lead = world.nord_id, world.leads["engaged"]
    internal = await put(place, world.ben, m, lead, shared=False)
    shared = await put(place, world.ben, m, lead, shared=True)
    whos = (world.ben, world.cora, world.gerd, world.lena)
    before, until = await fingerprint(place.superuser), await mark(place.superuser)
    assert await reads(place, m, internal, *whos) == [True, False, False, False]
    assert await reads(place, m, shared, *whos) == [True, False, True, False]
    merge = await place.merging.merge(world.klein, world.huber)
    assert await reads(place, m, internal, *whos) == [True, True, False, False]
    assert await reads(place, m, shared, *whos) == [True, True, True, False]
    await place.merging.undo(merge)
    after = await fingerprint(place.superuser, until)
    assert {t for t in before if before[t] != after[t]} == set()
    assert await reads(place, m, internal, *whos) == [True, False, False, False]


async def test_what_was_put_in_since_stays_its_companys(place: Place, world: World) -> None:
    """A shared file goes on being seen as its engagement is; an internal one is the survivor's."""
    m, lead = world.nord_id, world.leads["engaged"]
    merge = await place.merging.merge(world.klein, world.huber)
    internal = await put(place, world.cora, m, lead, shared=False)
    shared = await put(place, world.cora, m, lead, shared=True)
    done: Any = await place.merging.undo(merge)
    for table, file in (("app.note_file", internal), ("app.message_file", shared)):
        assert done["since"][table]["ids"] == [str(file)]
    whos = (world.ben, world.cora, world.gerd)
    assert await reads(place, m, internal, *whos) == [False, True, False]
    assert await reads(place, m, shared, *whos) == [True, False, True]


async def test_files_of_an_engagement_that_ended_meanwhile(place: Place, world: World) -> None:
    """The giver reads what was shared, without the name of who put it in."""
    b, of = place.builder(world), (world.nord_id, world.leads["engaged"])
    first = await put(place, world.ben, *of, shared=True)
    merge = await place.merging.merge(world.klein, world.huber)
    second = await put(place, world.cora, *of, shared=True)
    await b.call(world.anna, "app.request_return($1, $2, 'other', null)", *of)
    await b.call(world.olga, "app.accept_return($1, $2, null)", *of)
    await place.merging.undo(merge)
    names = "select company_name || author_name from app.message_file where id = $1"
    card = "select names -> $1 from app.engagement_card where lead_id = $2"
    for file, author in ((first, "Ben"), (second, "Cora")):
        assert await reads(place, of[0], file, world.ben, world.cora, world.gerd) == [
            True, False, True]  # fmt: skip
        assert await b.call(world.gerd, f"({names})", file) == ""
        filed = await place.superuser.fetchval(card, str(file), of[1])
        assert filed["author_name"] == author


async def test_files_go_with_a_lead_that_is_split_off(place: Place, world: World) -> None:
    m, lead = world.nord_id, world.leads["engaged"]
    internal = await put(place, world.anna, m, lead, shared=False)
    shared = await put(place, world.ben, m, lead, shared=True)
    await _split(place, world.ben.email, [lead], world)
    whos = (world.ben, world.anna, world.gerd, world.olga)
    assert await reads(place, m, internal, *whos) == [True, False, False, False]
    assert await reads(place, m, shared, *whos) == [True, False, True, True]

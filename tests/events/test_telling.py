"""Who is told what of a lead, in the transaction of its cause; the mails that are made of it."""

import re
import typing
from typing import Any
from uuid import UUID

from service.vocabulary import EventKind
from tests.fixtures.database import connected
from tests.fixtures.market import Market

OF_A_LEAD = """select c.name, e.kind, a.name, e.engagement_id is not null from app.event e
    join app.company c on c.id = e.company_id left join app.colleague a on a.id = e.colleague_id
    where e.lead_id = $1 order by e.id"""


async def told(market: Market, lead: str) -> list[tuple[Any, ...]]:
    """Company, kind, actor, whether an engagement is named; oldest first."""
    async with connected(market.urls.superuser) as superuser:
        return [tuple(row) for row in await superuser.fetch(OF_A_LEAD, UUID(lead))]


async def test_the_kinds_stand_in_one_list(market: Market) -> None:
    """What the description shows is what the table takes."""
    async with connected(market.urls.superuser) as superuser:
        check = await superuser.fetchval(
            "select pg_get_constraintdef(oid) from pg_constraint where conname = 'event_kind_known'"
            " and conrelid = 'app.event'::regclass"
        )
    assert set(re.findall(r"'([a-z._]+)'", check)) == set(typing.get_args(EventKind))


async def test_a_pick_is_told_to_each_company_in_its_own_words(market: Market) -> None:
    """The winner with its colleague's name, giver and operator without; who lost reads no more than
    that."""
    huber, klein = market.world.huber, market.world.klein
    lead = await market.offered(huber, klein)
    assert (await market.anna.post(market.path(lead, "/pick"))).status_code == 200
    events = await told(market, lead)
    picked = {row[0]: row[1:] for row in events if row[1] == "lead.picked"}
    names = {row[0] for row in events}
    [winner] = [name for name, row in picked.items() if row[1] is not None]
    assert picked[winner] == ("lead.picked", "Anna", True)
    assert len(picked) == 3
    assert [row[1:] for row in events if row[1].startswith("offer.") and row[0] != winner] == [
        ("offer.opened", None, False),
        ("offer.lost", None, False),
    ]
    [loser] = names - set(picked)
    assert [row[1] for row in events if row[0] == loser] == ["offer.opened", "offer.lost"]


async def test_what_is_said_and_done_is_told(market: Market) -> None:
    """To whoever reads the history of it, and to nobody else."""
    lead = await market.offered(market.world.huber)
    await market.anna.post(market.path(lead, "/pick"))
    await market.anna.post(market.path(lead, "/messages"), {"text": "Wir rufen an."})
    await market.anna.patch(
        market.path(lead, "/engagement"), {"step": "kontaktiert"}, headers={"If-Match": "*"}
    )
    await market.ben.post(market.path(lead, "/notes"), {"text": "Nur für uns."})
    await market.anna.post(market.path(lead, "/engagement/return"), {"reason": "wrong_number"})
    await market.olga.post(market.path(lead, "/engagement/return/accept"), {})
    kinds = [row[1] for row in await told(market, lead)]
    for kind in ("message.added", "lead.return_requested", "lead.returned"):
        assert kinds.count(kind) == 3, kind
    async with connected(market.urls.superuser) as superuser:
        lines = await superuser.fetch(
            "select 'lead.' || replace(event, '-', '_') as kind, parties from app.history"
            " where lead_id = $1 order by id",
            UUID(lead),
        )
    shared = [row[1] for row in await told(market, lead) if row[1].startswith("lead.")]
    assert len(shared) == sum(len(row["parties"]) for row in lines)


async def test_a_refused_pick_tells_nobody(market: Market) -> None:
    """It comes back as a value and is counted; nothing of it happened."""
    lead = await market.offered(market.world.huber, market.world.klein)
    await market.anna.post(market.path(lead, "/pick"))
    before = await told(market, lead)
    assert (await market.cora.post(market.path(lead, "/pick"))).status_code == 409
    assert await told(market, lead) == before


async def test_a_transaction_that_commits_late_is_mailed_once(market: Market) -> None:
    """Its events stand before those that were mailed already. The control goes by the newest id."""
    first = await market.offered(market.world.huber)
    second = await market.offered(market.world.klein)  # another card, so that no lock is waited for
    async with (
        connected(market.urls.api) as slow,
        connected(market.urls.worker) as worker,
        connected(market.urls.superuser) as superuser,
    ):
        await worker.fetchval("select app.mail_events()")
        mails = "select count(*) from app_private.outbox where template = 'lead-engaged'"
        before = await superuser.fetchval(mails)
        held = slow.transaction()
        await held.start()
        await slow.fetchval("select app.enter_to_write($1)", market.world.anna.token)
        await slow.fetchval("select app.attempt_pick($1, $2)", market.m, UUID(first))
        assert (await market.cora.post(market.path(second, "/pick"))).status_code == 200
        assert await worker.fetchval("select app.mail_events()") == 2
        newest = await superuser.fetchval("select max(id::text) from app.event")
        await held.commit()
        late = "select max(id::text) from app.event where lead_id = $1 and kind = 'lead.picked'"
        assert await superuser.fetchval(late, UUID(first)) < newest  # the control
        assert await worker.fetchval("select app.mail_events()") == 2
        assert await worker.fetchval("select app.mail_events()") == 0
        assert await superuser.fetchval(mails) == before + 4


async def test_a_worker_that_dies_leaves_nothing_half_done(market: Market) -> None:
    """Cut in the middle, or beside another: each event is mailed once."""
    lead = await market.offered(market.world.huber)
    async with (
        connected(market.urls.worker) as one,
        connected(market.urls.worker) as other,
        connected(market.urls.superuser) as superuser,
    ):
        dying = one.transaction()
        await dying.start()
        assert await one.fetchval("select app.mail_events()") > 0
        assert await other.fetchval("select app.mail_events()") == 0  # one is at it
        ended = "select pg_terminate_backend($1, 5000)"  # and waits for it
        assert await superuser.fetchval(ended, one.get_server_pid())
        one.terminate()
        assert await other.fetchval("select app.mail_events()") > 0
        count = await superuser.fetchval(
            "select count(*) from app_private.outbox o, app.event e where e.lead_id = $1"
            " and e.kind = 'offer.opened' and o.template = 'offer-opened'"
            " and o.company_id = e.company_id and o.created_at = e.at",
            UUID(lead),
        )
        assert count == 1


async def test_a_restored_database_goes_on(market: Market) -> None:
    """Where numbers of transactions begin anew: what was mailed is not mailed again."""
    async with (
        connected(market.urls.worker) as worker,
        connected(market.urls.superuser) as superuser,
    ):
        await market.offered(market.world.huber)
        await worker.fetchval("select app.mail_events()")
        await superuser.execute(  # as another server counted
            "update app.event set written_by = (written_by::text::bigint + 5000000)::text::xid8"
        )
        await superuser.execute(
            "update app_private.event_reader set seen = (select format('%s:%s:', x, x)::pg_snapshot"
            " from (select max(written_by::text::bigint) + 1 as x from app.event) t)"
        )
        lead = await market.offered(market.world.huber)
        assert await worker.fetchval("select app.mail_events()") == 1, lead
        assert await worker.fetchval("select app.mail_events()") == 0
        await market.offered(market.world.huber)
        assert await worker.fetchval("select app.mail_events()") == 1


async def test_days_that_are_over_are_emptied(market: Market) -> None:
    """As a whole, or row by row where the day has come round again; not while somebody reads."""
    await market.offered(market.world.huber)
    async with (
        connected(market.urls.superuser) as superuser,
        connected(market.urls.superuser) as reading,
    ):
        await superuser.execute("update app.event set at = at - interval '8 days'")
        days = await superuser.fetchval("select count(*) from app.event")
        reader = reading.transaction()
        await reader.start()
        await reading.fetchval("select count(*) from app.event")
        await superuser.fetchval("select app.purge()")
        assert await superuser.fetchval("select count(*) from app.event") == days
        await reader.rollback()
        young = await market.offered(market.world.huber)
        await superuser.fetchval("select app.purge()")  # the same day: row by row
        left = await superuser.fetch("select distinct lead_id from app.event")
        assert [str(row[0]) for row in left] == [young]
        await superuser.execute("update app.event set at = at - interval '8 days'")
        await superuser.fetchval("select app.purge()")
        assert await superuser.fetchval("select count(*) from app.event") == 0
        day = "select tableoid::regclass::text from app.event limit 1"
        await market.offered(market.world.huber)
        file = "select pg_relation_filenode($1)"
        table = await superuser.fetchval(day)
        before = await superuser.fetchval(file, table)
        await superuser.execute("update app.event set at = at - interval '8 days'")
        await superuser.fetchval("select app.purge()")
        assert await superuser.fetchval(file, table) != before  # truncated

"""Which returns a marketplace takes: reasons with evidence from the call log, window, quota."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.files.test_files import PDF
from tests.fixtures import clock
from tests.fixtures.database import as_bearer, connected, waiting_for_locks
from tests.fixtures.market import Market, slug
from tests.returns.acting import LABEL, asks, called_at, calls, picked, reason, rules, shown

CODES = ["wrong_number", "not_reached", "duplicate", "not_interested", "outside_area", "other"]
NOON = datetime(2027, 3, 8, 11, tzinfo=UTC)  # a Monday, 12 in Berlin
ASK = "select from app.request_return($1, $2, 'other', null)"


async def test_without_rules_it_is_as_ever(market: Market) -> None:
    path = f"/marketplaces/{market.m}/return-rules"
    answer = await market.olga.get(path)
    found = answer.json()
    assert [r["code"] for r in found["reasons"]] == CODES
    assert {str(r["evidence"]) for r in found["reasons"]} == {"{'attempts': 0, 'days': 0}"}
    assert all(r["label"]["de"] != r["label"]["en"] for r in found["reasons"])
    kept = ("window_days", "quota_percent", "quota_days", "silence_days", "version")
    assert [found[name] for name in kept] == [14, None, 90, 5, 0]
    assert answer.headers["etag"] == '"0"'
    for who, status in ((market.anna, 200), (market.gerd, 200), (market.nina, 404)):
        assert (await who.get(path)).status_code == status
    assert (await market.fritz.get(path)).status_code == 404
    assert (await market.olga.get(f"/marketplaces/{uuid4()}/return-rules")).status_code == 404


async def test_the_operator_sets_all_of_them(market: Market) -> None:
    path = f"/marketplaces/{market.m}/return-rules"
    body = {"reasons": [reason("not_reached", attempts=3, days=2)], "quota_percent": 20}
    assert (await market.olga.put(path, body)).status_code == 428
    stale = await market.olga.put(path, body, headers={"If-Match": '"7"'})
    assert (stale.status_code, slug(stale)) == (412, "version-stale")
    for who in (market.anna, market.gerd, market.fritz):
        assert (await who.put(path, body, headers={"If-Match": "*"})).status_code == 404
    answer = await market.olga.put(path, body, headers={"If-Match": '"0"'})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {**body, "window_days": 14, "quota_days": 90, "silence_days": 5,
                             "version": 1}  # fmt: skip
    again = await market.olga.put(path, body, headers={"If-Match": '"1"'})
    assert again.json()["version"] == 1  # nothing changed
    for wrong in (
        {"reasons": []}, {"reasons": [reason("Nicht erreicht")]}, {"reasons": [{"code": "other"}]},
        {"reasons": [reason("other")] * 2}, {**body, "quota_percent": 101},
        {**body, "window_days": -1}, {**body, "silence_days": 0}, {**body, "grace": 1},
        {"reasons": [reason("other", attempts=101)]},
    ):  # fmt: skip
        refused = await market.olga.put(path, wrong, headers={"If-Match": "*"})
        assert (refused.status_code, slug(refused)) == (400, "validation-failed"), wrong
    assert (await market.anna.get(path)).json()["version"] == 1


async def test_the_call_log_is_the_evidence(market: Market, superuser: Any) -> None:
    await rules(market, reason("not_reached", attempts=3, days=2), reason("other"))
    lead, foreign = await picked(market), await picked(market)
    refused = await asks(market, lead, "not_reached")
    assert (refused.status_code, slug(refused)) == (409, "return-evidence-missing")
    assert refused.json()["evidence"] == {"attempts": 0, "days": 0}
    assert refused.json()["needed"] == {"attempts": 3, "days": 2}
    await calls(market, foreign, *[("not_reached", "")] * 5)  # another engagement's do not count
    made = await calls(market, lead, ("mailbox", ""), ("not_reached", ""), ("reached", ""))
    # 23:30 and 00:30 of Berlin are two days there, and one of UTC.
    for call, at in zip(made, ("2026-07-01T21:30Z", "2026-07-01T22:30Z", "2026-07-05T09:00Z"),
                        strict=True):  # fmt: skip
        await called_at(superuser, call, at)
    refused = await asks(market, lead, "not_reached")
    assert refused.json()["evidence"] == {"attempts": 2, "days": 2}  # who was reached was reached
    terms = (await shown(market, lead))["return"]["reasons"]
    assert terms[0] == {
        "code": "not_reached", "label": LABEL, "automatic": False,
        "needed": {"attempts": 3, "days": 2}, "evidence": {"attempts": 2, "days": 2},
    }  # fmt: skip
    assert terms[1]["evidence"] == {"attempts": 3, "days": 3}
    (third,) = await calls(market, lead, ("wrong_number", ""))
    await called_at(superuser, third, "2026-07-01T22:45Z")
    assert (await asks(market, lead, "not_reached")).status_code == 202


async def test_attempts_of_one_day_are_of_one_day(market: Market) -> None:
    await rules(market, reason("not_reached", attempts=1, days=2))
    lead = await picked(market)
    await calls(market, lead, *[("not_reached", "")] * 4)
    refused = await asks(market, lead, "not_reached")
    assert refused.json()["evidence"] == {"attempts": 4, "days": 1}


async def test_the_operator_is_shown_calls_without_note_or_name(market: Market) -> None:
    await rules(market, reason("not_reached", attempts=1), reason("other"))
    lead, other = await picked(market), await picked(market)
    mine = await calls(market, lead, ("mailbox", ""), ("reached", ""), ("not_reached", ""))
    (strange,) = await calls(market, other, ("mailbox", ""))
    for wrong in ([strange], [mine[0], str(uuid4())]):
        refused = await asks(market, lead, "other", call_ids=wrong)
        assert (refused.status_code, slug(refused)) == (422, "call-unknown")
        assert refused.json()["calls"] == [wrong[-1]]
    assert (await asks(market, lead, "other", call_ids=["x"])).status_code == 400
    assert (await shown(market, lead))["state"] == "active"
    asked = await asks(market, lead, "not_reached", comment="Niemand da", call_ids=[mine[0]])
    assert asked.status_code == 202
    for who in (market.anna, market.olga):
        request = (await shown(market, lead, who))["return_request"]
        assert [c["outcome"] for c in request["evidence"]["calls"]] == ["mailbox"]
        assert (request["evidence"]["attempts"], request["evidence"]["days"]) == (2, 1)
        assert (request["state"], request["reason"], request["asked_by"]) == (
            "requested", "not_reached", "Anna",
        )  # fmt: skip
        assert "intern" not in str(request)
    assert (await shown(market, lead, market.olga))["return"] is None
    assert (await shown(market, lead, market.gerd))["return_request"] is None
    # Absent: those that count, where the reason needs some; none where it does not.
    assert (await asks(market, other, "not_reached")).status_code == 202
    request = (await shown(market, other, market.olga))["return_request"]
    assert [c["outcome"] for c in request["evidence"]["calls"]] == ["mailbox"]
    third = await picked(market)
    await calls(market, third, ("mailbox", ""))
    assert (await asks(market, third, "other")).status_code == 202
    assert (await shown(market, third, market.olga))["return_request"]["evidence"]["calls"] == []


async def test_shared_files_may_belong_to_it(market: Market) -> None:
    await rules(market)
    lead, other = await picked(market), await picked(market)
    made = []
    for of, query in ((lead, "?shared=true"), (lead, ""), (other, "?shared=true")):
        put = await market.ben.post(
            market.path(of, f"/files{query}"), files={"file": ("Foto.pdf", PDF)}
        )
        assert put.status_code == 201, put.text
        made.append(put.json()["id"])
    for wrong in (made[1], made[2], str(uuid4())):  # internal, another lead's, nobody's
        refused = await asks(market, lead, file_ids=[made[0], wrong])
        assert (refused.status_code, slug(refused)) == (422, "file-unknown")
        assert refused.json()["files"] == [wrong]
    assert (await asks(market, lead, file_ids=[made[0]])).status_code == 202
    for who in (market.anna, market.olga):
        evidence = (await shown(market, lead, who))["return_request"]["evidence"]
        assert [(f["id"], f["name"]) for f in evidence["files"]] == [(made[0], "Foto.pdf")]
    await market.olga.post(market.path(lead, "/engagement/return/accept"))
    evidence = (await shown(market, lead))["return_request"]["evidence"]
    assert [f["id"] for f in evidence["files"]] == [made[0]]


async def test_a_return_comes_within_days_of_the_marketplace(
    market: Market, superuser: Any
) -> None:
    await rules(market, window_days=3)
    await clock.stop(superuser, datetime(2027, 3, 25, 22, 30, tzinfo=UTC))  # 23:30 in Berlin
    lead = await picked(market)
    until = datetime(2027, 3, 28, 22, tzinfo=UTC)  # the end of the 28th, which has 23 hours
    assert (await shown(market, lead))["return"]["allowed_until"] == "2027-03-28T22:00:00Z"
    await clock.stop(superuser, until)
    refused = await asks(market, lead)
    assert (refused.status_code, slug(refused)) == (409, "return-window-over")
    assert refused.json()["until"] == "2027-03-28T22:00:00Z"
    await clock.stop(superuser, until - timedelta(seconds=1))
    assert (await asks(market, lead)).status_code == 202


async def worked(market: Market, superuser: Any, number: int) -> list[str]:
    """So many leads of Firma Klein's, and none before."""
    await superuser.execute(
        "update app.engagement set started_at = '2020-01-01 00:00+00' where company_id = $1",
        market.world.klein.id,
    )
    await superuser.execute("truncate app_private.rate")
    return [await picked(market, market.cora) for _ in range(number)]


async def test_no_more_than_its_share_goes_back(market: Market, superuser: Any) -> None:
    await rules(market, quota_percent=40, quota_days=30, window_days=90)
    await clock.stop(superuser, NOON)
    leads = await worked(market, superuser, 5)
    quota = {"percent": 40, "days": 30, "picks": 5, "used": 0, "left": 2}
    assert (await shown(market, leads[0], market.cora))["return"]["quota"] == quota
    for lead in leads[:2]:
        assert (await asks(market, lead, by=market.cora)).status_code == 202
    refused = await asks(market, leads[2], by=market.cora)
    assert (refused.status_code, slug(refused)) == (409, "return-quota-reached")
    assert refused.json()["quota"] == {**quota, "used": 2, "left": 0}
    # What is refused or taken back counts no more, what is accepted does.
    await market.olga.post(market.path(leads[0], "/engagement/return/refuse"))
    assert (await asks(market, leads[2], by=market.cora)).status_code == 202
    taken_back = await market.cora.post(market.path(leads[2], "/engagement/return/withdraw"))
    assert taken_back.status_code == 200, taken_back.text
    assert (await asks(market, leads[3], by=market.cora)).status_code == 202
    await market.olga.post(market.path(leads[3], "/engagement/return/accept"))
    assert slug(await asks(market, leads[4], by=market.cora)) == "return-quota-reached"
    # Picks and returns of longer ago count neither way.
    await clock.stop(superuser, NOON + timedelta(days=31))
    quota = (await shown(market, leads[4], market.cora))["return"]["quota"]
    assert (quota["picks"], quota["used"], quota["left"]) == (0, 0, 0)
    assert slug(await asks(market, leads[4], by=market.cora)) == "return-quota-reached"


async def test_none_at_all_is_none(market: Market, superuser: Any) -> None:
    await rules(market, quota_percent=0)
    (lead,) = await worked(market, superuser, 1)
    assert slug(await asks(market, lead, by=market.cora)) == "return-quota-reached"
    await rules(market, quota_percent=100)
    assert (await asks(market, lead, by=market.cora)).status_code == 202


async def two_at_once(market: Market, superuser: Any) -> list[bool]:
    """Two leads of one company, one more return allowed: the second waits at the card."""
    await rules(market, quota_percent=50)
    leads = await worked(market, superuser, 2)
    done = []
    async with connected(market.urls.api) as first, connected(market.urls.api) as second:
        async with as_bearer(first, market.world.cora.token):
            await first.execute(ASK, market.m, leads[0])
            done.append(True)

            async def waits() -> bool:
                try:
                    async with as_bearer(second, market.world.cora.token):
                        await second.execute(ASK, market.m, leads[1])
                        return True
                except asyncpg.PostgresError as error:
                    return "return-quota-reached" not in str(error)

            task = asyncio.create_task(waits())
            await waiting_for_locks(superuser, task)
        done.append(await task)
    return done


async def test_the_second_of_two_counts_the_first(market: Market, superuser: Any) -> None:
    assert await two_at_once(market, superuser) == [True, False]


async def test_without_the_lock_both_would_pass(market: Market, superuser: Any) -> None:
    """The control: what does not lock the card does not wait, and both go through."""
    name = (
        "'app_private.expect_return_allowed(app.engagement, app.return_rules, text)'::regprocedure"
    )
    whole = await superuser.fetchval(f"select pg_get_functiondef({name})")
    await superuser.execute(whole.replace("for no key update", ""))
    try:
        with pytest.raises(AssertionError, match="nothing waited"):
            await two_at_once(market, superuser)
    finally:
        await superuser.execute(whole)

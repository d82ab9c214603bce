"""Asking, reading, consenting over HTTP: without both sides nothing happens, nor is told."""

from uuid import uuid4

import httpx

from tests.fixtures.http import Person
from tests.fixtures.market import slug
from tests.merging.conftest import Office

CORA = "cora@klein.example"


async def _asked(office: Office) -> str:
    made = await office.market.anna.post("/merges", {"absorbed_company_email": CORA})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def _rehearsed(office: Office) -> tuple[str, str]:
    merge = await _asked(office)
    assert (await office.market.cora.post(f"/merges/{merge}/rehearsal")).status_code == 202
    assert await office.work() == 1
    rehearsal = await office.market.cora.get(f"/merges/{merge}/rehearsal")
    assert rehearsal.status_code == 200, rehearsal.text
    return merge, str(rehearsal.json()["id"])


async def _state(person: Person, merge: str) -> str:
    return str((await person.get(f"/merges/{merge}")).json()["state"])


async def test_from_the_request_to_one_company(office: Office) -> None:
    merge, rehearsal = await _rehearsed(office)
    anna, cora = office.market.anna, office.market.cora
    for person, state in ((cora, "rehearsed"), (anna, "consented")):
        body = {"rehearsal_id": rehearsal}
        answer = await person.post(f"/merges/{merge}/consent", body)
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert await office.work() == 1
    assert await _state(anna, merge) == await _state(cora, merge) == "done"
    # Cora's session goes on, in the survivor, with the next request (docs/domain.md, case 5).
    me = (await cora.get("/me")).json()
    assert me["company"]["name"] == "Firma Huber"
    key = Person(office.market.client, "kgk_world-Firma Klein")
    assert (await key.get("/company")).json()["name"] == "Firma Huber"
    for address in ("anna@huber.example", "ben@huber.example", CORA):
        assert len(await office.mails(address, "merge-done")) == 1
    partner = await office.mails("olga@nord.example", "merge-partner")
    assert partner[0]["marketplaces"] == ["Marktplatz Nord"]
    actions = await office.place.superuser.fetch(
        "select action from app_private.audit_entry where object_id = $1 order by id", merge
    )
    assert [row["action"] for row in actions] == [
        "merge-requested",
        "merge-rehearsal-ordered",
        "merge-rehearsed",
        "merge-consented",
        "merge-consented",
        "merge-done",
    ]


async def test_asking_tells_nothing_about_who_is_a_customer(office: Office) -> None:
    anna = office.market.anna
    answers = []
    klein, nobody = str(office.world.klein.id), str(uuid4())
    for key, named in (("email", CORA), ("email", "nobody@unknown.example"), ("id", klein),
                       ("id", nobody)):  # fmt: skip
        made = await anna.post("/merges", {f"absorbed_company_{key}": named})
        assert (made.status_code, made.json()["my_side"]) == (201, "survivor")
        merge = made.json()["id"]
        again = await anna.get(f"/merges/{merge}")
        ordered = await anna.post(f"/merges/{merge}/rehearsal")
        rehearsal = await anna.get(f"/merges/{merge}/rehearsal")
        leads = await anna.get(f"/merges/{merge}/rehearsal/leads")
        texts = [made.text, again.text, ordered.text, rehearsal.text, leads.text]
        assert slug(ordered) == "merge-other-side-first"
        assert slug(rehearsal) == "merge-not-rehearsed"
        hidden = (named, merge, made.json()["created_at"], made.json()["execute_at"])
        for text in hidden:
            texts = [one.replace(text, "…") for one in texts]
        answers.append(texts)
    assert answers[0] == answers[1]
    assert answers[2] == answers[3]
    # The control: for Cora there is a request to answer, and a mail.
    assert len((await office.market.cora.get("/merges")).json()["items"]) == 2
    assert len(await office.mails(CORA, "merge-requested")) == 2
    assert await office.mails("nobody@unknown.example", "merge-requested") == []
    # Nor does raw SQL tell: the two columns that know are not granted.
    async with office.place.api.transaction():
        await office.place.api.fetchrow("select * from app.enter($1)", anna.token)
        for column in ("other_company_id", "parties"):
            assert not await office.place.superuser.fetchval(
                "select has_column_privilege('kollegium_api', 'app.company_merge', $1, 'select')",
                column,
            )


async def test_who_may_ask(office: Office) -> None:
    market = office.market
    body = {"absorbed_company_email": CORA}
    for person in (market.ben, Person(market.client, "kgk_world-Firma Huber")):
        assert slug(await person.post("/merges", body)) == "admin-required"
    own = await market.anna.post("/merges", {"absorbed_company_email": "ben@huber.example"})
    assert slug(own) == "merge-with-itself"
    both = {**body, "survivor_company_email": CORA}
    for wrong in ({}, both):
        assert slug(await market.anna.post("/merges", wrong)) == "validation-failed"
    answers = [slug(a) for a in [await market.anna.post("/merges", body) for _ in range(6)]
               if a.status_code != 201]  # fmt: skip
    assert set(answers) == {"too-many-requests"}


async def test_without_both_consents_nothing_happens(office: Office) -> None:
    merge, rehearsal = await _rehearsed(office)
    body = {"rehearsal_id": rehearsal}
    for person in (office.market.olga, office.market.lena, office.market.fritz):  # strangers
        for path in ("", "/rehearsal", "/rehearsal/leads"):
            assert (await person.get(f"/merges/{merge}{path}")).status_code == 404
        assert (await person.post(f"/merges/{merge}/consent", body)).status_code == 404
        assert (await person.get("/merges")).json()["items"] == []
    assert (await office.market.ben.get(f"/merges/{merge}")).status_code == 200  # the control
    leads = (await office.market.ben.get(f"/merges/{merge}/rehearsal/leads?to=absorbed")).json()
    assert [lead["personal_data"] for lead in leads["items"]] == [True, True]
    assert slug(await office.market.ben.post(f"/merges/{merge}/consent", body)) == "admin-required"
    assert (await office.market.anna.post(f"/merges/{merge}/consent", body)).status_code == 200
    # A second consent of the same side is no consent of the other.
    await office.market.anna.post(f"/merges/{merge}/consent", body)
    assert await office.work() == 0
    assert await _state(office.market.cora, merge) == "rehearsed"
    assert (await office.market.cora.get("/company")).json()["name"] == "Firma Klein"
    refused = await office.market.cora.post(f"/merges/{merge}/refuse", {"reason": "lieber nicht"})
    assert refused.json()["state"] == "refused"
    assert slug(await office.market.cora.post(f"/merges/{merge}/consent", body)) == "merge-state"
    assert (await office.mails("anna@huber.example", "merge-refused"))[0][
        "company"
    ] == "Firma Klein"


async def test_a_merge_that_is_forbidden_says_why(office: Office) -> None:
    """An operator and a taker of its own: both read it, and cannot consent."""
    olga, anna = office.market.olga, office.market.anna
    made = await olga.post("/merges", {"absorbed_company_email": "anna@huber.example"})
    path = f"/merges/{made.json()['id']}"
    await anna.post(f"{path}/rehearsal")
    assert await office.work() == 1
    for person in (olga, anna):
        answer = await person.get(f"{path}/rehearsal")
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert [block["reason"] for block in found["blocks"]] == ["operator-may-not-take"]
        assert (found["effects"], found["effects_total"], found["rows"]) == ([], 0, {})
        consent = await person.post(f"{path}/consent", {"rehearsal_id": found["id"]})
        assert slug(consent) == "merge-blocked"


async def test_consent_is_to_the_latest_rehearsal(office: Office) -> None:
    merge, rehearsal = await _rehearsed(office)
    body = {"rehearsal_id": rehearsal}
    assert (await office.market.cora.post(f"/merges/{merge}/consent", body)).status_code == 200
    await office.market.anna.post(f"/merges/{merge}/rehearsal")
    assert await office.work() == 1
    # The former consent is void, and cannot be given again.
    found = (await office.market.cora.get(f"/merges/{merge}")).json()
    assert (found["state"], found["absorbed_consent_at"]) == ("rehearsed", None)
    late = await office.market.cora.post(f"/merges/{merge}/consent", body)
    assert slug(late) == "merge-rehearsed-anew"


async def test_consent_by_the_token_from_the_mail(office: Office) -> None:
    merge, _ = await _rehearsed(office)
    tokens = {
        address: (await office.mails(address, "merge-rehearsed"))[0]["token"]
        for address in ("anna@huber.example", CORA)
    }
    post = office.market.client.post
    wrong = await post("/merge-consents/kgm_unknown", json={"consent": True})
    assert wrong.status_code == 404
    for address, state in ((CORA, "rehearsed"), ("anna@huber.example", "consented")):
        answer = await post(f"/merge-consents/{tokens[address]}", json={"consent": True})
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert await office.work() == 1
    assert await _state(office.market.cora, merge) == "done"
    spent = await post(f"/merge-consents/{tokens[CORA]}", json={"consent": True})
    assert spent.status_code == 404
    # Members got no token: they cannot consent.
    assert await office.mails("ben@huber.example", "merge-rehearsed") == []


async def test_a_token_dies_with_its_rehearsal_and_its_admin(office: Office) -> None:
    merge, _ = await _rehearsed(office)
    old = (await office.mails(CORA, "merge-rehearsed"))[0]["token"]
    await office.market.anna.post(f"/merges/{merge}/rehearsal")
    assert await office.work() == 1
    new = (await office.mails(CORA, "merge-rehearsed"))[0]["token"]
    assert new != old
    post = office.market.client.post
    assert (await post(f"/merge-consents/{old}", json={"consent": True})).status_code == 404
    await office.place.superuser.execute(
        "update app.colleague set role = 'member' where email = $1", CORA
    )
    assert (await post(f"/merge-consents/{new}", json={"consent": True})).status_code == 404
    await office.place.superuser.execute(
        "update app.colleague set role = 'admin' where email = $1", CORA
    )
    refused = await post(f"/merge-consents/{new}", json={"consent": False})
    assert refused.json() == {"merge_id": merge, "state": "refused"}


async def test_not_before_its_time(office: Office) -> None:
    async def ask(moment: str) -> httpx.Response:
        body = {"absorbed_company_email": CORA, "execute_at": moment}
        return await office.market.anna.post("/merges", body)

    for beyond in ("0001-01-01T00:00:00+10:00", "1899-12-31T23:59:59Z", "9999-12-31T23:59:59Z"):
        refused = await ask(beyond)
        assert refused.status_code == 400
        assert "years 1900 to 9998" in refused.json()["errors"][0]["detail"]
    # An offset that PostgreSQL does not know; the moment is what counts.
    made = await ask("2999-10-13T21:59:00+23:59")
    assert made.json()["execute_at"] == "2999-10-12T22:00:00Z"
    merge = made.json()["id"]
    await office.market.cora.post(f"/merges/{merge}/rehearsal")
    await office.work()
    found = (await office.market.cora.get(f"/merges/{merge}")).json()
    for person in (office.market.anna, office.market.cora):
        await person.post(f"/merges/{merge}/consent", {"rehearsal_id": found["rehearsal_id"]})
    assert await _state(office.market.anna, merge) == "consented"
    assert await office.work() == 0
    await office.place.superuser.execute(
        "update app.company_merge set execute_at = now() - interval '1 min' where id = $1", merge
    )
    assert await office.work() == 1
    assert await _state(office.market.anna, merge) == "done"


async def test_an_old_id_answers_with_the_survivor(office: Office) -> None:
    """410 for the operator who knew it, 404 for everybody else (docs/domain.md, cases 4 and 9)."""
    world, market = office.world, office.market
    lead = await market.draft()
    await market.olga.post(market.path(lead, "/accept"))
    await office.place.merging.merge(world.huber, world.klein)
    card = f"/marketplaces/{world.nord_id}/participations/{world.klein.id}"
    old = str(world.klein.id)
    answers = [
        await market.olga.patch(card, {"paused": True}),
        await market.olga.delete(card),
        await market.olga.post(market.path(lead, "/assign"), {"company_id": old}),
        await market.olga.post(market.path(lead, "/offer"), {"company_ids": [old]}),
        await market.olga.post(
            f"/marketplaces/{world.nord_id}/participations",
            {"company_id": old, "capacity": "giver"},
        ),
    ]
    for answer in answers:
        assert (answer.status_code, slug(answer)) == (410, "company-absorbed"), answer.text
        assert answer.json()["company_id"] == str(world.huber.id)
    for stranger in (market.fritz, market.lena, market.gerd):
        assert (await stranger.patch(card, {"paused": True})).status_code == 404
        assert (await stranger.delete(card)).status_code == 404
    # Nobody's marketplace but his own: Fritz never met Klein on Marktplatz Süd.
    sued = f"/marketplaces/{world.sued_id}/participations/{world.klein.id}"
    assert (await market.fritz.patch(sued, {"paused": True})).status_code == 404


async def test_consents_expire_with_the_token_of_their_mail(office: Office) -> None:
    """14 days after the rehearsal: by token, by log-in, in writing, and for the merge itself."""
    merge, rehearsal = await _rehearsed(office)
    anna, cora, place = office.market.anna, office.market.cora, office.place
    turned = "update app.company_merge set rehearsed_at = now() - interval '{}' where id = $1"
    body = {"rehearsal_id": rehearsal}
    await place.superuser.execute(turned.format("14 days 1 minute"), merge)
    late = await cora.post(f"/merges/{merge}/consent", body)
    assert (late.status_code, slug(late)) == (409, "merge-consent-expired")
    # The control: until then it is a consent.
    await place.superuser.execute(turned.format("13 days 23 hours"), merge)
    for person in (cora, anna):
        assert (await person.post(f"/merges/{merge}/consent", body)).status_code == 200
    # The last consent was in time, the moment of the merge is not: it is rehearsed anew.
    await place.superuser.execute(turned.format("14 days 1 minute"), merge)
    assert await office.work() == 2
    row = await place.superuser.fetchrow("select * from app.company_merge where id = $1", merge)
    assert (row["state"], str(row["rehearsal_id"]) != rehearsal) == ("rehearsed", True)
    assert (row["survivor_consent_at"], row["absorbed_consent_at"]) == (None, None)
    assert len(await office.mails(CORA, "merge-rehearsed")) == 2

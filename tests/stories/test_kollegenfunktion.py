"""The announcement of the colleague feature, statement by statement, over HTTP.

The numbers are those of the announcement: 1 to 3 say how it was, 4 to 12 what the feature brings,
13 to 17 how it comes, 18 is the outlook. A firm with a single colleague behaves exactly as a user
did before; that is why 1 to 3 can be shown on the new system. What moving in itself promises
(13, 14, 16 and 17: creating companies from users, merging, weeks 41 to 43) is proved in
tests/legacy; here stands the state it begins with.
"""

from uuid import uuid4

from tests.fixtures.database import connected
from tests.fixtures.http import Person, log_in
from tests.fixtures.market import Market
from tests.fixtures.world import PROOF, SALT


async def test_01_everybody_acted_as_a_firm_of_his_own(market: Market) -> None:
    """1: Cora is the only colleague of her company; what she picks is hers alone."""
    colleagues = (await market.cora.get("/colleagues")).json()["items"]
    assert [c["name"] for c in colleagues] == ["Cora"]
    lead = await market.offered(market.world.klein)
    picked = await market.cora.post(market.path(lead, "/pick"))
    assert picked.status_code == 200
    assert picked.json()["picked_by"] == "Cora"
    assert (await market.cora.get(market.path(lead))).status_code == 200


async def test_02_users_were_closed_off_even_with_the_same_firm_name(market: Market) -> None:
    """2: two companies of one name, legally one firm, see nothing of each other."""
    async with connected(market.urls.staff) as staff:
        for person in ("paul", "paula"):
            await staff.fetchrow(
                "select * from app.create_company('Firma Gleich', $1, $2, 'de', $3, $4)",
                *(person.title(), f"{person}@gleich.example", SALT, PROOF),
            )
    paul = await log_in(market.client, "paul@gleich.example")
    paula = await log_in(market.client, "paula@gleich.example")
    mine = (await paul.get("/company")).json()
    hers = (await paula.get("/company")).json()
    assert mine["name"] == hers["name"]
    assert mine["id"] != hers["id"]
    assert [c["name"] for c in (await paul.get("/colleagues")).json()["items"]] == ["Paul"]
    assert [c["name"] for c in (await paula.get("/colleagues")).json()["items"]] == ["Paula"]


async def test_03_once_picked_the_others_neither_see_nor_work_it(market: Market) -> None:
    """3: before the pick both see the offer; after it the rival gets what a random id gets."""
    lead = await market.offered(market.world.huber, market.world.klein)
    for person in (market.anna, market.cora):
        offers = (await person.get("/offers?state=open&limit=100")).json()["items"]
        assert lead in {o["lead_id"] for o in offers}
    assert (await market.anna.post(market.path(lead, "/pick"))).status_code == 200
    offers = (await market.cora.get("/offers?limit=100")).json()["items"]
    assert lead not in {o["lead_id"] for o in offers}
    hidden = await market.cora.get(market.path(lead))
    random = await market.cora.get(market.path(str(uuid4())))
    assert hidden.status_code == random.status_code == 404
    assert hidden.content == random.content
    for call, body in (("/notes", {"text": "x"}), ("/messages", {"text": "x"})):
        assert (await market.cora.post(market.path(lead, call), body)).status_code == 404
    stale = await market.cora.patch(market.path(lead), {"interest": "x"}, etag='"1"')
    assert stale.status_code == 404
    assert await market.rows_in_psql(market.cora, lead) == 0
    assert await market.rows_in_psql(market.anna, lead) > 3  # control: the rows exist


async def test_04_a_user_is_a_colleague_acting_in_the_name_of_his_company(market: Market) -> None:
    """4."""
    me = (await market.ben.get("/me")).json()
    assert me["colleague"]["name"] == "Ben"
    assert me["company"]["name"] == "Firma Huber"
    lead = await market.offered(market.world.huber)
    engagement = (await market.ben.post(market.path(lead, "/pick"))).json()
    assert engagement["company_name"] == "Firma Huber"
    assert engagement["picked_by"] == "Ben"


async def test_05_a_company_has_one_colleague_or_several(market: Market) -> None:
    """5: and one becomes several by inviting: the mail's token sets name and password."""
    many = (await market.anna.get("/colleagues")).json()["items"]
    assert {c["name"] for c in many} >= {"Anna", "Ben", "Dora"}
    assert len((await market.lena.get("/colleagues")).json()["items"]) == 1
    leo = await market.joins(market.lena, "leo@lang.example", "Leo")
    assert {c["name"] for c in (await leo.get("/colleagues")).json()["items"]} == {"Lena", "Leo"}


async def test_06_colleagues_of_one_company_work_together(market: Market) -> None:
    """6: Ben writes a note, Anna reads it and hands the lead to Dora; nobody else is told."""
    lead = await market.offered(market.world.huber)
    await market.ben.post(market.path(lead, "/pick"))
    noted = await market.ben.post(market.path(lead, "/notes"), {"text": "ruft morgen zurück"})
    assert noted.status_code == 201
    notes = (await market.anna.get(market.path(lead, "/notes"))).json()["items"]
    assert [n["text"] for n in notes] == ["ruft morgen zurück"]
    dora = str(market.world.dora.id)
    handed = await market.anna.patch(
        market.path(lead, "/engagement"), {"handler_id": dora}, etag="*"
    )
    assert handed.json()["handler_name"] == "Dora"
    mine = (await market.dora.get("/leads?as=taker&handler=me")).json()["items"]
    assert lead in {x["id"] for x in mine}
    assert (await market.olga.get(market.path(lead, "/notes"))).json()["items"] == []


async def test_07_every_colleague_of_the_operator_operates_the_marketplace(market: Market) -> None:
    """7: Otto accepts, offers, assigns and changes settings as well as Olga, his admin."""
    for person in (market.olga, market.otto):
        lead = await market.offered(market.world.lang, by=person)
        assigned = await person.post(
            market.path(lead, "/assign"), {"company_id": str(market.world.huber.id)}
        )
        assert assigned.status_code == 200
        changed = await person.patch(f"/marketplaces/{market.m}", {"response_hours": 24})
        assert changed.status_code == 200
    refused = await market.anna.patch(f"/marketplaces/{market.m}", {"response_hours": 1})
    assert refused.status_code == 404  # a partner is no operator


async def test_08_every_colleague_of_a_taker_picks_and_works(market: Market) -> None:
    """8: the offer is to the company; Anna, Ben and Dora each pick one and work it."""
    for person in (market.anna, market.ben, market.dora):
        lead = await market.offered(market.world.huber)
        assert (await person.post(market.path(lead, "/pick"))).status_code == 200
        step = await person.patch(
            market.path(lead, "/engagement"), {"step": "kontaktiert"}, etag="*"
        )
        assert step.json()["step"] == "kontaktiert"
        closed = await person.post(market.path(lead, "/engagement/close"), {"outcome": "won"})
        assert closed.json()["state"] == "won"


async def test_09_all_colleagues_access_and_work_what_one_of_them_picked(market: Market) -> None:
    """9: the heart of it. Ben picks; Anna sees the person's data and edits; Cora sees nothing."""
    lead = await market.offered(market.world.huber, market.world.klein)
    assert (await market.ben.post(market.path(lead, "/pick"))).status_code == 200
    again = await market.anna.post(market.path(lead, "/pick"))
    assert again.status_code == 200
    assert again.json()["picked_by"] == "Ben"
    seen = await market.anna.get(market.path(lead))
    assert seen.json()["prospect"]["name"] == "Petra Muster"
    edited = await market.anna.patch(
        market.path(lead), {"prospect": {"phone": "+49 30 23125000"}}, etag=seen.headers["etag"]
    )
    assert edited.status_code == 200
    step = await market.dora.patch(
        market.path(lead, "/engagement"), {"step": "angebot"}, etag=edited.headers["etag"]
    )
    assert step.status_code == 200
    shown = (await market.ben.get(market.path(lead))).json()
    assert shown["prospect"]["phone"] == "+493023125000"
    assert shown["engagement"]["step"] == "angebot"
    assert lead in {
        x["id"] for x in (await market.anna.get("/leads?as=taker&limit=100")).json()["items"]
    }
    assert (await market.cora.get(market.path(lead))).status_code == 404
    late = await market.cora.post(market.path(lead, "/pick"))
    assert late.status_code == 409
    assert "Huber" not in late.text


async def test_10_the_same_for_operators_givers_and_takers(market: Market) -> None:
    """10: the second colleague of a giver sees the first one's leads; takers 9, operators 7."""
    gesa = await market.joins(market.gerd, "gesa@geber.example", "Gesa")
    lead = await market.offered(market.world.klein)
    seen = await gesa.get(market.path(lead))
    assert seen.status_code == 200
    assert seen.json()["giver_name"] == "Firma Geber"
    withdrawn = await gesa.post(market.path(lead, "/withdraw"), {"reason": "doch nicht"})
    assert withdrawn.json()["state"] == "withdrawn"


async def test_11_leads_need_not_be_worked_per_user(market: Market) -> None:
    """11: one list for the company; when Ben leaves, his lead stays and Anna takes it over."""
    lead = await market.offered(market.world.huber)
    bodo = await market.joins(market.anna, "bodo@huber.example", "Bodo")
    bodo_id = (await bodo.get("/me")).json()["colleague"]["id"]
    assert (await bodo.post(market.path(lead, "/pick"))).json()["handler_name"] == "Bodo"
    gone = await market.anna.patch(f"/colleagues/{bodo_id}", {"active": False})
    assert gone.status_code == 200
    assert (await bodo.get("/me")).status_code == 401
    seen = (await market.anna.get(market.path(lead))).json()
    assert seen["engagement"]["handler_name"] is None
    taken = await market.anna.patch(
        market.path(lead, "/engagement"), {"handler_id": str(market.world.anna.id)}, etag="*"
    )
    assert taken.json()["handler_name"] == "Anna"


async def test_12_there_are_no_groups_any_more(market: Market) -> None:
    """12: the company takes their place; neither the API nor the schema knows a group."""
    description = (await market.client.get("/openapi.json")).json()
    assert not [path for path in description["paths"] if "group" in path]
    assert "/colleagues" in description["paths"]  # control: paths are listed
    async with connected(market.urls.auditor) as auditor:
        tables = await auditor.fetch(
            "select relname from pg_class where relnamespace = 'app'::regnamespace"
        )
    assert not [t["relname"] for t in tables if "group" in t["relname"]]
    assert "company" in {t["relname"] for t in tables}


async def test_13_to_15_each_user_begins_as_a_company_of_its_own(market: Market) -> None:
    """13 to 15: a company and its first colleague, who is its admin; nothing was asked of him."""
    async with connected(market.urls.staff) as staff:
        made = await staff.fetchrow(
            "select * from app.create_company('Firma Klein', 'Kai', $1, 'de', $2, $3)",
            *("kai@woanders.example", SALT, PROOF),
        )
    kai = await log_in(market.client, "kai@woanders.example")
    me = (await kai.get("/me")).json()
    assert me["company"]["id"] == str(made["company_id"])
    assert me["role"] == "admin"
    assert len((await kai.get("/colleagues")).json()["items"]) == 1
    # 15: the same name as Cora's firm, and still exactly the former behaviour.
    lead = await market.offered(market.world.klein)
    assert (await market.cora.post(market.path(lead, "/pick"))).status_code == 200
    assert (await kai.get("/leads")).json()["items"] == []
    assert (await market.cora.get("/leads")).json()["items"] != []


async def test_16_and_17_the_ground_for_merging_is_laid(market: Market) -> None:
    """16, 17: every row that a merge moves names its company; a merged company answers as such."""
    async with connected(market.urls.superuser) as superuser:
        columns = await superuser.fetch(
            "select table_name from information_schema.columns"
            " where table_schema = 'app' and column_name in ('absorbed_into', 'state')"
            " and table_name = 'company'"
        )
        assert len(columns) == 2
        # An absorbed company has no context any more: its tokens end with the merge.
        await superuser.execute(
            "update app.company set state = 'absorbed', absorbed_into = $1 where name = $2",
            *(market.world.huber.id, "Firma Fremd"),
        )
    fritz = Person(market.client, market.world.fritz.token)
    assert (await fritz.get("/me")).status_code == 401
    async with connected(market.urls.superuser) as superuser:  # for the other stories
        await superuser.execute(
            "update app.company set state = 'active', absorbed_into = null where name = $1",
            "Firma Fremd",
        )
    assert (await fritz.get("/me")).status_code == 200


async def test_18_a_delegator_hands_leads_over_as_a_kind_of_super_user(market: Market) -> None:
    """18: Ben takes a lead himself, Dora hands it over; the company may switch the role off."""
    lead = await market.offered(market.world.huber)
    await market.anna.post(market.path(lead, "/pick"))
    path = market.path(lead, "/engagement")
    to_dora, to_ben = ({"handler_id": str(x.id)} for x in (market.world.dora, market.world.ben))
    assert (await market.ben.patch(path, to_ben, etag="*")).status_code == 200
    refused = await market.ben.patch(path, to_dora, etag="*")
    assert refused.status_code == 403
    assert refused.json()["type"].endswith("delegator-required")
    assert (await market.dora.patch(path, to_dora, etag="*")).json()["handler_name"] == "Dora"
    assert (await market.dora.patch(path, to_ben, etag="*")).json()["handler_name"] == "Ben"
    await market.anna.patch("/company", {"delegator_role": False})
    assert (await market.ben.patch(path, to_dora, etag="*")).status_code == 200
    await market.anna.patch("/company", {"delegator_role": True})

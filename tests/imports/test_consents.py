"""Consent for many drafts in one step, with its proof; mappings that are kept."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from service.jobs.worker import timers as worker
from tests.fixtures.database import connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug

CSV = {"content-type": "text/csv"}
PROOF = {
    "text": "Meine Daten dürfen an Fachbetriebe weitergegeben werden.",
    "source": "Messe Nord, Formular auf Papier",
    "given_at": "2026-10-01T08:00:00Z",
}


async def drafts(market: Market, count: int, by: Person | None = None) -> dict[str, Any]:
    """An import without consent; its last row can be reached by nobody for sure."""
    mark = uuid4().hex[:12]
    rows = [f"P{n};p{n}.{mark}@post.example;;10115;Dach\n" for n in range(count - 1)]
    rows.append(f"Imke;;49152{uuid4().int % 10**8:08};10115;Dach {mark}\n")
    made = await (by or market.gerd).post(
        f"/imports?marketplace={market.m}&limit=1000",
        content=("Name;E-Mail;Telefon;PLZ;Anliegen\n" + "".join(rows)).encode(),
        headers=CSV,
    )
    assert (made.status_code, made.json()["imported"]) == (201, count), made.text
    return dict(made.json())


async def state_of(market: Market, row: dict[str, Any]) -> tuple[str, bool]:
    lead = (await market.gerd.get(market.path(row["lead_id"]))).json()
    return lead["state"], lead["distribution_permission"]


async def test_one_statement_permits_all_drafts_of_a_file(market: Market) -> None:
    made, other = await drafts(market, 120), await drafts(market, 2)
    stated = await market.gerd.post(f"/imports/{made['id']}/consent", PROOF)
    assert stated.status_code == 201, stated.text
    report = stated.json()
    assert (report["state"], report["leads"], report["submitted"]) == ("done", 120, 119)
    assert {key: report[key] for key in PROOF} == PROOF
    assert report["stated_by"] == "Gerd"
    first, last = made["rows"][0], made["rows"][-1]
    assert await state_of(market, first) == ("submitted", True)
    assert await state_of(market, last) == ("draft", True)  # nobody can be reached
    assert await state_of(market, other["rows"][0]) == ("draft", False)  # the control
    history = (await market.olga.get(market.path(first["lead_id"], "/history"))).json()["items"]
    (entry,) = [item for item in history if item["event"] == "consent-stated"]
    assert entry["detail"]["consent"] == report["id"]
    assert entry["detail"]["source"] == PROOF["source"]
    listed = (await market.gerd.get(f"/imports/{made['id']}/consents")).json()["items"]
    assert listed == [report]
    async with connected(market.urls.superuser) as superuser:
        audited = await superuser.fetchval(
            "select count(*) from app_private.audit_entry"
            " where action = 'import-consent' and object_id = $1",
            UUID(report["id"]),
        )
    assert audited == 1


async def test_stating_it_again_changes_nothing_and_is_the_same(market: Market) -> None:
    made = await drafts(market, 3)
    path = f"/imports/{made['id']}/consent"
    first = (await market.gerd.post(path, PROOF)).json()
    version = (await market.gerd.get(market.path(made["rows"][0]["lead_id"]))).json()["version"]
    again = (await market.gerd.post(path, PROOF)).json()
    assert again == first
    other = (await market.gerd.post(path, {**PROOF, "source": "Telefon"})).json()
    assert (other["id"] != first["id"], other["leads"]) == (True, 0)
    seen = (await market.gerd.get(market.path(made["rows"][0]["lead_id"]))).json()
    assert seen["version"] == version


async def test_only_who_imported_states_it_and_only_with_its_proof(market: Market) -> None:
    made = await drafts(market, 2)
    path = f"/imports/{made['id']}/consent"
    for stranger in (market.olga, market.anna, market.fritz):
        refused = await stranger.post(path, PROOF)
        assert (refused.status_code, slug(refused)) == (404, "not-found")
        assert (await stranger.get(f"{path}s")).status_code == 404
    for change in (
        {"text": ""}, {"source": ""}, {"given_at": "gestern"}, {"given_at": "2999-01-01T00:00:00Z"},
        {"given_at": "0001-01-01T00:00:00+14:00"}
    ):  # fmt: skip
        assert (await market.gerd.post(path, {**PROOF, **change})).status_code == 400, change
    assert (await market.gerd.post(path, {"text": "x"})).status_code == 400
    assert await state_of(market, made["rows"][0]) == ("draft", False)
    rehearsed = await market.gerd.post(
        f"/imports?marketplace={market.m}&dry_run=true",
        content=f"Name;E-Mail;Anliegen\nA;{uuid4().hex}@post.example;Dach\n".encode(),
        headers=CSV,
    )
    refused = await market.gerd.post(f"/imports/{rehearsed.json()['id']}/consent", PROOF)
    assert (refused.status_code, slug(refused)) == (409, "import-state")


async def test_the_worker_goes_on_where_the_request_stopped(market: Market) -> None:
    made = await drafts(market, 60)
    async with connected(market.urls.superuser) as superuser:
        stated = await superuser.fetchval(
            """insert into app.import_consent (marketplace_id, id, import_id, company_id,
                 colleague_id, stated_by, text, source, given_at, created_at)
               select i.marketplace_id, gen_random_uuid(), i.id, i.company_id, i.colleague_id,
                 'Gerd', 'x', 'y', now(), now() - interval '1 minute'
               from app.lead_import i where i.id = $1 returning id""",
            UUID(made["id"]),
        )
        async with connected(market.urls.worker) as connection:
            assert await worker.consents(connection) == 2  # 50 and 10
        row = await superuser.fetchrow("select * from app.import_consent where id = $1", stated)
        assert (row["state"], row["leads"], row["submitted"]) == ("done", 60, 59)


CONTENT = "Wer|Mailkontakt|Wunsch\nAda|{}@post.example|Dach\n"
MAPPING = 'name = "{}"\n[columns]\nname = "Wer"\nemail = "Mailkontakt"\ninterest = "Wunsch"\n'


async def test_a_kept_mapping_reads_the_next_file_of_its_source(market: Market) -> None:
    name = f"messe-{uuid4().hex[:8]}"

    async def sent(by: Person) -> Any:
        return await by.post(
            f"/imports?marketplace={market.m}",
            content=CONTENT.format(uuid4().hex).encode(),
            headers=CSV,
        )

    assert (await sent(market.gerd)).status_code == 422
    kept = await market.gerd.post("/import-mappings", {"mapping": MAPPING.format(name)})
    assert kept.status_code == 201, kept.text
    read = (await sent(market.gerd)).json()
    assert (read["format"], read["imported"]) == (name, 1)
    assert (await sent(market.olga)).status_code == 422  # another company's is its own
    edited = MAPPING.format(name).replace("Wunsch", "Ganz anders")
    newer = (await market.gerd.post("/import-mappings", {"mapping": edited})).json()
    mine = (await market.gerd.get("/import-mappings")).json()["items"]
    assert [m["id"] for m in mine if m["name"] == name] == [newer["id"]]
    assert (await sent(market.gerd)).status_code == 422  # the newer one is for other headers
    assert (await market.olga.delete(f"/import-mappings/{newer['id']}")).status_code == 404
    assert (await market.gerd.delete(f"/import-mappings/{newer['id']}")).status_code == 204
    assert (await market.gerd.delete(f"/import-mappings/{newer['id']}")).status_code == 404


@pytest.mark.parametrize("mapping", ["x", 'name = "A B"', 'name = "a"\n[columns]\nshoe="x"\n'])
async def test_a_bad_mapping_is_not_kept(market: Market, mapping: str) -> None:
    refused = await market.gerd.post("/import-mappings", {"mapping": mapping})
    assert (refused.status_code, slug(refused)) == (422, "file-unreadable")
    assert refused.json()["errors"][0]["pointer"] == "/mapping"

"""Contact data by the API: what is stored, what is told, and that duplicates are found by it."""

from typing import Any

import pytest

from tests.fixtures.market import Market, slug

CSV = {"content-type": "text/csv"}


def body(prospect: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "prospect": {"name": "Petra Muster", **prospect},
        "interest": "Dach",
        "distribution_permission": True,
        **more,
    }


async def put_in(market: Market, prospect: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = await market.gerd.post(f"/marketplaces/{market.m}/leads", body(prospect, **more))
    assert made.status_code == 201, made.text
    return dict(made.json())


def told(lead: dict[str, Any]) -> dict[str, str]:
    return {remark["pointer"]: remark["code"] for remark in lead.get("remarks", [])}


async def test_a_new_lead_is_stored_clean_and_says_what_changed(market: Market) -> None:
    lead = await put_in(
        market,
        {"email": "Udo <Udo@POST.example>", "phone": "030 / 23125101", "postcode": "1067 Dresden"},
    )
    person = lead["prospect"]
    assert (person["email"], person["phone"]) == ("Udo@post.example", "+493023125101")
    assert (person["postcode"], person["city"]) == ("01067", "Dresden")
    assert person["answers"] == {"email": "Udo <Udo@POST.example>"}
    assert told(lead) == {
        "/prospect/email": "email-rest-kept",
        "/prospect/phone": "phone-formatted",
        "/prospect/postcode": "postcode-padded",
    }
    assert set(lead["remarks"][0]["detail"]) == {"de", "en"}
    again = (await market.gerd.get(market.path(lead["id"]))).json()
    assert "remarks" not in again
    assert again["prospect"] == person
    plain = await put_in(market, {"email": "u@post.example", "phone": "+493023125101"})
    assert "remarks" not in plain  # the control: nothing changed, nothing told


async def test_what_can_be_read_in_two_ways_stays_text(market: Market) -> None:
    two_ways = {"email": "u@post.example", "phone": "4915223456077", "postcode": "1010"}
    lead = await put_in(market, two_ways)
    assert (lead["prospect"]["phone"], lead["prospect"]["postcode"]) == (None, None)
    assert lead["prospect"]["answers"] == {"phone": "4915223456077", "postcode": "1010"}
    assert told(lead) == {
        "/prospect/phone": "phone-ambiguous-kept-as-answer",
        "/prospect/postcode": "postcode-ambiguous-kept-as-answer",
    }
    named = await put_in(market, {**two_ways, "country": "AT", "phone": "0664 1234567"})
    assert (named["prospect"]["postcode"], named["prospect"]["phone"]) == ("1010", "+436641234567")
    refused = await market.gerd.post(
        f"/marketplaces/{market.m}/leads", body({"phone": "4915223456077"}, submit=True)
    )
    assert (refused.status_code, slug(refused)) == (422, "contact-missing")
    assert refused.json()["errors"][0]["pointer"] == "/prospect/phone"


@pytest.mark.parametrize(
    "prospect",
    [
        {"phone": "12"},
        {"phone": "4,91512E+12"},
        {"phone": "ruft an"},
        {"email": "petra(at)muster.example"},
        {"postcode": "506"},
        {"postcode": "Dresden"},
        {"postcode": "10115", "country": "AT"},
    ],
)
async def test_what_is_no_value_is_refused_in_words(
    market: Market, prospect: dict[str, str]
) -> None:
    refused = await market.gerd.post(f"/marketplaces/{market.m}/leads", body(prospect))
    assert (refused.status_code, slug(refused)) == (400, "validation-failed")
    (error,) = refused.json()["errors"]
    assert error["pointer"] == f"/prospect/{next(iter(prospect))}"
    german = await market.gerd.post(
        f"/marketplaces/{market.m}/leads", body(prospect), headers={"Accept-Language": "de"}
    )
    assert error["detail"] != german.json()["errors"][0]["detail"]


async def test_all_that_is_wrong_is_told_at_once(market: Market) -> None:
    wrong = {"phone": "12", "email": "petra", "postcode": "506"}
    refused = await market.gerd.post(f"/marketplaces/{market.m}/leads", body(wrong))
    assert len(refused.json()["errors"]) == 3


async def test_a_correction_is_cleaned_by_what_is_known_or_refused(market: Market) -> None:
    lead = await market.draft(
        submit=False, prospect={"country": "AT", "answers": {"Dach": "Flachdach"}}
    )
    anyway = {"If-Match": "*"}

    async def corrected(change: dict[str, Any]) -> Any:
        return await market.gerd.patch(market.path(lead), {"prospect": change}, headers=anyway)

    changed = (await corrected({"phone": "0664 1234567 (abends)", "postcode": "1070 Wien"})).json()
    person = changed["prospect"]
    assert (person["phone"], person["postcode"]) == ("+436641234567", "1070")
    assert person["city"] == "Wien"
    assert person["answers"] == {"Dach": "Flachdach", "phone": "0664 1234567 (abends)"}
    assert told(changed) == {
        "/prospect/phone": "phone-rest-kept",
        "/prospect/postcode": "city-from-postcode",
    }
    for unsure in ({"phone": "1E12"}, {"phone": "12"}, {"postcode": "01067"}):
        refused = await corrected(unsure)
        assert (refused.status_code, slug(refused)) == (400, "validation-failed")
    kept = (await market.gerd.get(market.path(lead))).json()
    assert kept["prospect"] == person
    emptied = (await corrected({"phone": None})).json()
    assert emptied["prospect"]["phone"] is None


async def test_duplicates_are_found_between_notations_and_doors(market: Market) -> None:
    file = "Name;Telefon;PLZ;Anliegen;Einwilligung\nKreuz Import;0152 23450077;25746;Dach;ja\n"
    path = f"/imports?marketplace={market.m}"
    report = await market.gerd.post(path, content=file.encode(), headers=CSV)
    imported = report.json()["rows"][0]["lead_id"]
    ids = [imported]
    for number in ("+49 152 23450077", "0049 (0)152-23450077", "0152/23450077"):
        lead = await put_in(market, {"phone": number})
        found = {d["id"]: d["matches"] for d in lead["possible_duplicates"]}
        assert found == {key: ["phone"] for key in ids}
        ids.append(lead["id"])
    other = await put_in(market, {"phone": "0152 23450078"})
    assert other["possible_duplicates"] == []  # the control


async def test_where_from_and_since_when_can_be_said(market: Market) -> None:
    said = {"source": "messe-nord", "received_at": "2026-10-01T08:30:00+02:00"}
    lead = await put_in(market, {"email": "u@post.example"}, **said)
    assert (lead["source"], lead["received_at"]) == ("messe-nord", "2026-10-01T06:30:00Z")
    silent = await put_in(market, {"email": "u@post.example"})
    assert (silent["source"], silent["received_at"]) == ("api", silent["created_at"])
    path = f"/marketplaces/{market.m}/leads"
    for wrong in ("2026-10-01T08:30:00", "2999-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "gestern"):
        refused = await market.gerd.post(path, body({"email": "u@p.example"}, received_at=wrong))
        assert refused.status_code == 400, wrong

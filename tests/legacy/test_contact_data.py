"""Contact data of the former system means what it means by every door, and the proof knows."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest_asyncio

from service.domain.contact import cleaned
from tests.fixtures.database import NewDatabase
from tests.legacy.beside import Beside, beside
from tests.legacy.system import loaded_over

# legacy number -> what stands there (email, phone, postcode, city, country), what is here of it,
# its answers, and what is told (column -> reason).
Written = tuple[str | None, str | None, str | None, str | None, str | None]
CASES: dict[int, tuple[Written, Written, dict[str, str], dict[str, str]]] = {
    101: (("Udo <Udo@POST.example>", "030 / 23125101", "1067", "Dresden", None),
          ("Udo@post.example", "+493023125101", "01067", "Dresden", None),
          {"email": "Udo <Udo@POST.example>"},
          {"contact_email": "email-rest-kept", "contact_phone": "phone-formatted",
           "contact_postcode": "postcode-padded"}),
    102: ((None, "4915223456032", "1010", "", None), (None, None, None, "", None),
          {"phone": "4915223456032", "postcode": "1010"},
          {"contact_phone": "phone-ambiguous-kept-as-answer",
           "contact_postcode": "postcode-ambiguous-kept-as-answer"}),
    103: (("eins@post.example; zwei@post.example", "040 66969123 Fax", "D-25746", None, None),
          ("eins@post.example", "+494066969123", "25746", None, "DE"),
          {"email": "eins@post.example; zwei@post.example", "phone": "040 66969123 Fax"},
          {"contact_email": "email-rest-kept", "contact_phone": "phone-fax",
           "contact_postcode": "postcode-formatted", "contact_country": "country-from-postcode"}),
    104: (("a@@b", "ruft an", "Dresden", None, "Atlantis"), (None, None, None, None, None),
          {"email": "a@@b", "phone": "ruft an", "postcode": "Dresden", "country": "Atlantis"},
          {"contact_email": "email-kept-as-answer", "contact_phone": "phone-kept-as-answer",
           "contact_postcode": "postcode-kept-as-answer",
           "contact_country": "country-kept-as-answer"}),
    105: ((None, "0664 1234567", "1010", "Wien", "Österreich"),
          (None, "+436641234567", "1010", "Wien", "AT"), {},
          {"contact_phone": "phone-formatted", "contact_country": "country-formatted"}),
    106: (("klar@post.example", "+493023125106", "25813", "Husum", "DE"),
          ("klar@post.example", "+493023125106", "25813", "Husum", "DE"), {}, {}),
    107: ((None, None, "01067 Dresden", None, None), (None, None, "01067", "Dresden", None), {},
          {"contact_postcode": "city-from-postcode"}),
    108: ((None, None, None, None, None), (None, None, None, None, None), {}, {}),
}  # fmt: skip
LEADS = """
    insert into legacy.leads (id, marketplace_id, state, interest, consent, contact_name,
      contact_email, contact_phone, contact_postcode, contact_city, contact_country, created_at,
      updated_at) values ($1, 1, 'released', 'Wallbox', true, 'Uwe Groß', $2, $3, $4, $5, $6,
      '2025-03-01 10:00+00', '2025-03-01 10:00+00')
"""


@pytest_asyncio.fixture(scope="module")
async def written(new_database: NewDatabase, brought_template: str) -> AsyncIterator[str]:
    """The cases, imported."""
    async with new_database(brought_template) as urls:
        async with beside(urls, already=True) as one:
            for number, (given, *_) in CASES.items():
                await one.superuser.execute(LEADS, number, *given)
            await one.monday()
        yield urls.database


@pytest_asyncio.fixture
async def both(new_database: NewDatabase, written: str) -> AsyncIterator[Beside]:
    """A clone of that for one test."""
    async with new_database(written) as urls, beside(urls, already=True) as one:
        yield one


async def _stored(both: Beside) -> dict[int, tuple[Any, ...]]:
    rows = await both.rows(
        """select k.legacy_id, p.email, p.phone, p.postcode, p.city, p.country, p.answers::text,
             l.postcode_area
           from app.prospect p join app_private.legacy_lead k using (marketplace_id, lead_id)
           join app.lead l on l.id = p.lead_id where k.legacy_id > 100"""
    )
    return {row[0]: (row[1:6], msgspec.json.decode(row[6]), row[7]) for row in rows}


async def test_it_is_stored_as_every_door_stores_it(both: Beside) -> None:
    stored = await _stored(both)
    for number, (written, values, answers, _) in CASES.items():
        assert stored[number] == (values, answers, (values[2] or "")[:3]), number
        if written[4] in (None, "DE"):
            fields = ("email", "phone", "postcode", "city", "country")
            door = cleaned(dict(zip(fields, written, strict=True)))
            assert (tuple(door.values[f] for f in fields), door.answers) == (values, answers)


async def test_each_change_is_listed_by_number_and_column(both: Beside) -> None:
    async with loaded_over(both.staff, both.other) as load:
        rows = await both.rows(
            "select legacy_key::bigint, field, reason from legacy_staging.finding where load = $1"
            " and source_table = 'leads' and field like 'contact\\_%' and legacy_key > '100'", load
        )  # fmt: skip
    told: dict[int, dict[str, str]] = {number: {} for number in CASES}
    for number, field, reason in rows:
        if number in told:
            told[number][field] = reason
    assert told == {number: case[3] for number, case in CASES.items()}


async def test_the_proof_expects_the_cleaned_value_and_still_finds_others(both: Beside) -> None:
    assert await both.differing() == {}
    # Somebody's hand, past the versions: what was written there is no longer what must be here.
    for column, number in (("phone", 101), ("email", 103), ("postcode", 107), ("country", 105)):
        written = dict(zip(("email", "phone", "postcode", "city", "country"), CASES[number][0],
                           strict=True))[column]  # fmt: skip
        await both.superuser.execute(
            f"update app.prospect set {column} = $1 where lead_id = $2",
            written, (await both.lead(number))[1],
        )  # fmt: skip
    await both.superuser.execute(
        "update app.prospect set answers = '{}' where lead_id = $1", (await both.lead(102))[1]
    )
    found = {
        (row.legacy_key, *row.fields)
        for row in (await both.prove())[1].rows
        if row.verdict == "differs" and row.what == "prospects"
    }
    assert found == {
        ("101", "phone"), ("103", "email"), ("107", "postcode"), ("105", "country"),
        ("102", "answers"),
    }  # fmt: skip


async def test_a_correction_there_follows_cleaned(both: Beside) -> None:
    await both.there(
        "update legacy.leads set contact_phone = '0151 23456022 privat', updated_at = now()"
        " where id = 101"
    )
    assert (await both.monday()).changed["leads"] == 1
    values, answers, _ = (await _stored(both))[101]
    assert values[1] == "+4915123456022"
    assert answers == CASES[101][2] | {"phone": "0151 23456022 privat"}
    assert (await both.monday()).changed["leads"] == 0
    assert await both.differing() == {}


async def test_duplicates_are_found_between_migrated_leads_and_the_api(both: Beside) -> None:
    lead = await both.lead(101)
    person = cleaned({"name": "Udo", "phone": "(030) 23125101", "email": None}).values
    await both.call(
        1,
        "id from app.create_lead($1, 'Dach', '{}', true, $2, false, 'api', null)",
        lead[0],
        person,
    )
    twins = await both.rows(
        "select count(*) from app.prospect where marketplace_id = $1 and phone_key = $2",
        lead[0],
        "493023125101",
    )
    assert twins == [(2,)]

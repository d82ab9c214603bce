"""The one rule for contact data before the pick, `app_private.teaser`, as a table and on phone
numbers of every notation in every neighbourhood (KOLLEGIUM_TEASERS of them, by KOLLEGIUM_SEED)."""

import os
import random
import re
import tomllib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.fixtures.database import NewDatabase, Urls, connected

TEXTS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("texts.toml").read_text("utf-8"))
COUNT = int(os.environ.get("KOLLEGIUM_TEASERS", "400"))
AREAS = ("171", "160", "1511", "30", "40", "89", "431", "4821", "351", "7071")
BEFORE = (
    "", "PV ", "Bitte anrufen: ", "10 kWp, ", "PLZ 25746 ", "25746 Büsum ", "Tel. ",
    "Dach 120 m², ", "12.500 EUR, ", "15.10.2026 ", "ab 17.30 Uhr ", "Baujahr 1998, ",
)  # fmt: skip
AFTER = (
    "", " anrufen", ", 10 kWp", " (abends)", " oder Mail", "; PLZ 25746", ". Danke", " ab 17 Uhr",
    " bis 18.00 Uhr", " Frau Muster", "\n12.500 EUR",
)  # fmt: skip


async def teasers(urls: Urls, texts: Sequence[str]) -> list[str]:
    """What is left of each text."""
    async with connected(urls.superuser) as superuser:
        rows = await superuser.fetch(
            "select app_private.teaser(t) from unnest($1::text[]) with ordinality x (t, n)"
            " order by n",
            texts,
        )
    return [row[0] for row in rows]


@pytest_asyncio.fixture(scope="module")
async def schema(new_database: NewDatabase) -> AsyncIterator[Urls]:
    """Nothing is written, so one for all."""
    async with new_database() as urls:
        yield urls


async def test_what_nobody_dials_stays(schema: Urls) -> None:
    """Sizes, prices, years, dates, times, postcodes, types; also two of them in one text."""
    stays = TEXTS["stays"]
    pairs = [f"{one}, {other}" for one, other in zip(stays, reversed(stays), strict=True)]
    assert await teasers(schema, stays) == stays
    changed = [
        (pair, left)
        for pair, left in zip(pairs, await teasers(schema, pairs), strict=True)
        if pair != left
    ]
    assert changed == []


async def test_contact_data_goes(schema: Urls) -> None:
    """And what stands around it stays."""
    texts, left = zip(*TEXTS["goes"], strict=True)
    found = await teasers(schema, texts)
    assert list(zip(texts, found, strict=True)) == list(zip(texts, left, strict=True))
    assert await teasers(schema, found) == found  # nothing goes twice


def _number(chance: random.Random) -> str:
    """A phone number as somebody may write it."""
    area = chance.choice(AREAS)
    digits = chance.choice("123456789") + "".join(
        chance.choice("0123456789") for _ in range(chance.choice([6, 7]) if area[0] == "1" else 5)
    )
    size = chance.choice([2, 3, 4, 9])
    groups = [digits[n : n + size] for n in range(0, len(digits), size)]
    inner = chance.choice([" ", "", "-", ".", "\u00a0"])
    before = chance.choice(["0", "0", "+49 ", "+49", "0049 ", "0049", "+49 (0) ", "+49(0)", "+43 "])
    between = chance.choice([" ", "-", "/", " / ", " - ", ".", " – ", "–", "", "\u00a0"])
    if before == "0" and chance.random() < 0.3:
        return f"(0{area}) {inner.join(groups)}"
    return f"{before}{area}{between}{inner.join(groups)}"


async def test_no_notation_of_a_number_is_left(schema: Urls) -> None:
    """Whatever stands before and after it."""
    seed = int(os.environ.get("KOLLEGIUM_SEED", random.randrange(10**6)))
    chance = random.Random(seed)
    cases = [(chance.choice(BEFORE), _number(chance), chance.choice(AFTER)) for _ in range(COUNT)]
    left = await teasers(schema, ["".join(case) for case in cases])
    wrong = [
        (case, text)
        for case, text in zip(cases, left, strict=True)
        if re.search(r"\d", text.replace(case[0].strip(), "", 1).replace(case[2].strip(), "", 1))
        or case[0].strip() not in text
        or case[2].strip() not in text
    ]
    assert wrong == [], f"KOLLEGIUM_SEED={seed}"


@pytest.mark.parametrize(
    "piece",
    ["0", "1 ", "01 ", "+49 ", "a@", "a at ", "(", "12.", "tel. 1", "012, ", "a-a.", "www."],
)
async def test_a_text_of_nothing_else_is_no_burden(schema: Urls, piece: str) -> None:
    """Far below the time-out of a request, however the patterns are led astray."""
    async with connected(schema.superuser) as superuser:
        await superuser.execute("set statement_timeout = '4s'")
        await superuser.fetchval("select app_private.teaser($1)", (piece * 4000)[:4000])


async def test_tags_with_contact_data_are_left_out(schema: Urls) -> None:
    """The others keep their order."""
    async with connected(schema.superuser) as superuser:
        left = await superuser.fetchval(
            "select app_private.teaser_tags($1)", ["waermepumpe", "0171-1234567", "dach", "a@b.de"]
        )
    assert left == ["waermepumpe", "dach"]

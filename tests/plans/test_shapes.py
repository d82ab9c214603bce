"""A list is put together once for each shape: a request brings values, and nothing is compiled."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.dialects.postgresql.base import PGCompiler

from service.domain.leads import listing
from service.domain.leads.messages import LeadFilter
from service.domain.offers import queries as offers
from service.domain.offers.messages import OfferFilter


class Asked:
    """Stands in for a transaction; nothing is found, and too many match to be named."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, tuple[Any, ...]]] = []

    async def listed(self, kind: Any, sql: str, *values: Any, lane: Any = None) -> list[Any]:
        self.sent.append((sql, values))
        return []

    async def one(self, kind: Any, sql: str, *values: Any) -> Any:
        self.sent.append((sql, values))
        return SimpleNamespace(ids=None)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One for each statement that is compiled."""
    found: list[None] = []
    visit = PGCompiler.visit_select

    def counted(self: Any, select: Any, *args: Any, **kwargs: Any) -> Any:
        if not self.stack:
            found.append(None)
        return visit(self, select, *args, **kwargs)

    monkeypatch.setattr(PGCompiler, "visit_select", counted)
    return found


def _leads(capacity: Any, sort: Any) -> LeadFilter:
    """New values each time; an order nobody else of this process asked for is compiled."""
    since = datetime.now(UTC) - timedelta(days=1)
    return LeadFilter(
        capacity, "offered", uuid4(), str(uuid4()), f"muster {uuid4()}", f"{uuid4()}", "active",
        f"{uuid4()}", f"{uuid4()}", uuid4(), uuid4(), since, since, sort,
    )  # fmt: skip


async def test_a_list_of_leads_is_compiled_once(made: list[None]) -> None:
    walks = listing.walks
    for cache in (walks.statement, walks.since):
        cache.cache_clear()
    first, texts = 0, set()
    for turn in range(20):
        tx = Asked()
        for sort in ("newest", "changed"):
            await listing.leads(tx, _leads("operator", sort), None, 20)  # type: ignore[arg-type]
        first = first or len(made)
        assert len(made) == first, turn
        texts.add(tuple(sql for sql, _ in tx.sent))
        assert all(len(values) > 0 for _, values in tx.sent)
    assert first == 2 * 2 + 2, "near and whole in each order, and two since a moment"
    assert len(texts) == 1
    # The control: another shape is another statement.
    await listing.leads(Asked(), _leads("giver", "newest"), None, 20)  # type: ignore[arg-type]
    assert len(made) > first


async def test_a_list_of_offers_is_compiled_once(made: list[None]) -> None:
    for cache in (offers._statement, offers._first_page):
        cache.cache_clear()
    for _ in range(20):
        narrow = OfferFilter("operator", "open", uuid4(), uuid4(), datetime.now(UTC))
        await offers.offers(Asked(), narrow, None, 20)  # type: ignore[arg-type]
    assert len(made) == 1
    await offers.offers(Asked(), OfferFilter("taker", "open"), None, 20)  # type: ignore[arg-type]
    assert len(made) == 2


def test_a_word_is_no_text() -> None:
    """What becomes a literal of a statement is a word of ours, whoever asks for it."""
    assert str(listing.walks.word("offered")) == "'offered'"
    for text in ("x' or '1", "", "offered;", "a b", "ä"):
        with pytest.raises(ValueError, match="not a word"):
            listing.walks.word(text)

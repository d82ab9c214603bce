"""`legacy` is the import's from the former system: its references are that system's numbers."""

from typing import Any

import asyncpg
import pytest

from tests.fixtures.database import Urls, as_bearer, connected
from tests.fixtures.market import Market, slug

CSV = {"content-type": "text/csv"}
MAPPING = 'name = "{}"\n[columns]\nname = "Wer"\nemail = "Mailkontakt"\ninterest = "Wunsch"\n'
FILE = b"Wer|Mailkontakt|Wunsch\nAda|ada.reserved@post.example|Dach\n"
FORMS = ["legacy", "Legacy", "LEGACY", " legacy", "legacy ", " lEgAcY  "]


def body(**more: Any) -> dict[str, Any]:
    prospect = {"name": "Petra Muster", "email": "petra@post.example"}
    return {"prospect": prospect, "interest": "Dach", "distribution_permission": True, **more}


@pytest.mark.parametrize("source", FORMS)
async def test_nobody_gives_it_by_the_api(market: Market, source: str) -> None:
    path = f"/marketplaces/{market.m}/leads"
    made = await market.gerd.post(path, body(source=source, external_ref="1"))
    assert (made.status_code, slug(made)) == (400, "validation-failed")
    (error,) = made.json()["errors"]
    assert error["pointer"] == "/source"
    assert "legacy" in error["detail"]
    control = await market.gerd.post(path, body(source=f"{source}-2", external_ref="1"))
    assert control.status_code in (200, 201)


async def test_nobody_changes_a_lead_to_it(market: Market) -> None:
    lead = await market.gerd.post(f"/marketplaces/{market.m}/leads", body())
    changed = await market.gerd.patch(market.path(lead.json()["id"]), {"source": "legacy"})
    assert changed.status_code == 400


async def test_no_mapping_gives_it(market: Market) -> None:
    kept = await market.gerd.post("/import-mappings", {"mapping": MAPPING.format("legacy")})
    assert kept.status_code in (400, 422)
    assert "legacy" in kept.text
    control = await market.gerd.post("/import-mappings", {"mapping": MAPPING.format("legacy-2")})
    assert control.status_code == 201
    await market.gerd.delete(f"/import-mappings/{control.json()['id']}")


async def test_the_database_refuses_it_by_any_door(world_database: Urls, market: Market) -> None:
    """A door to come, which forgets to ask."""
    async with connected(world_database.api) as api:
        for source in ("legacy", " Legacy "):
            with pytest.raises(asyncpg.PostgresError, match="validation-failed"):
                async with as_bearer(api, market.world.gerd.token):
                    await api.fetchval(
                        "select id from app.create_lead($1, 'Dach', '{}', true, $2, false, $3, '')",
                        market.m, {"name": "X"}, source,
                    )  # fmt: skip

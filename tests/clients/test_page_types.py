"""The page of the workbench against the description: `tsc --checkJs`, with `Api.Lead` and the like
from `/openapi.json`. A field that the API does not have is an error of the compiler."""

import json
import shutil
from pathlib import Path

import pytest

from tests.clients.test_generated import NODE, node, run
from tests.fixtures.database import ROOT
from tests.fixtures.described import application

pytestmark = pytest.mark.clients

TYPES = ROOT / "tests" / "clients" / "page_types"
PAGE = ROOT / "service" / "workbench" / "page"
TSC = NODE / "node_modules/typescript/bin/tsc"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, the types of what it stands on, and those of the API."""
    place = tmp_path_factory.mktemp("page")
    description = application().description
    (place / "openapi.json").write_bytes(description)
    (place / "node_modules").symlink_to(NODE / "node_modules")
    cli = NODE / "node_modules/openapi-typescript/bin/cli.js"
    run(node(), cli, "openapi.json", "-o", "description.d.ts", cwd=place)
    names = sorted(json.loads(description)["components"]["schemas"])
    lines = [
        f'type {name} = components["schemas"]["{name}"];' for name in names if name.isidentifier()
    ]
    (place / "api.d.ts").write_text(
        'import type { components } from "./description";\n'
        "declare global {\n  namespace Api {\n    " + "\n    ".join(lines) + "\n  }\n}\n"
    )
    shutil.copytree(PAGE, place / "page")
    for file in TYPES.glob("*.d.ts"):
        shutil.copy(file, place / "page" / "vendor" / file.name)
    shutil.copy(TYPES / "tsconfig.json", place)
    return place


def test_the_page_names_what_the_api_has(folder: Path) -> None:
    """Beside it the control, whose two fields there are not; the compiler takes seconds."""
    (folder / "page" / "core" / "control.js").write_text(
        "/** @param {Api.Me} me */\nexport const named = (me) => me.colleague?.nmae;\n"
        "/** @param {Api.Lead} lead */\nexport const where = (lead) => lead.postcode_aera;\n"
    )
    with pytest.raises(AssertionError) as told:
        run(node(), TSC, "-p", ".", "--pretty", "false", cwd=folder)
    lines = str(told.value).splitlines()
    found = [line.strip() for line in lines if " error TS" in line]
    others = [line for line in found if not line.startswith("page/core/control.js")]
    assert not others, "\n".join(others)
    assert [line.split("'")[1] for line in found] == ["nmae", "postcode_aera"]

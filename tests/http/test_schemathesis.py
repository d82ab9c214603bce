"""The whole description, taken at its word by schemathesis, with a token of each role.

For every operation: requests as described and requests that break the description, over a real
socket. Never a 5xx; no status, content type, header or body that is not described; what breaks the
description is refused. In half of the cases the ids are those of real things, so that the handlers
are really reached; at the end the 2xx are counted.

KOLLEGIUM_EXAMPLES is the number of requests an operation, role and mode (as described, broken):
1 by default, 6 in a round of `make soak`. Making a request up takes longer than sending it, so each
is sent by up to three roles. In the small size broken ones come from two roles, which change from
operation to operation. KOLLEGIUM_SEED repeats a run; without it each run has another.
"""

import asyncio
import hashlib
import hmac
import itertools
import os
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import msgspec
import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from tests.fixtures.database import Urls, connected
from tests.fixtures.described import application
from tests.fixtures.http import listening
from tests.fixtures.sizes import sized
from tests.fixtures.stage import META, Stage, invited
from tests.fixtures.world import World

EXAMPLES = int(os.environ.get("KOLLEGIUM_EXAMPLES", "1"))
SEED = int(os.environ.get("KOLLEGIUM_SEED", "0")) or secrets.randbelow(2**31)
ROLES = ("operator admin", "giver member", "taker admin", "taker member", "API key", "none")
BROKEN = sized(2, whole=len(ROLES))
SENDERS = 3  # of one request that was made up
CONFIG = {
    "generation": {"allow-x00": False},
    "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
}

load_all_checks()
_description = application().description
SCHEMA = schemathesis.openapi.from_dict(
    msgspec.json.decode(_description), config=schemathesis.Config.from_dict(CONFIG)
)
OPERATIONS = {
    operation.definition.raw["operationId"]: operation
    for operation in (result.ok() for result in SCHEMA.get_all_operations())
}
# Sends requests of its own, which would end the session in use; test_sessions.py does it.
LEFT_OUT = {"ignored_auth", "positive_data_acceptance"}
CHOSEN = [check for check in CHECKS.get_all() if check.__name__ not in LEFT_OUT]
# Well-formed by the schema, and still no e-mail address, number, postcode, moment, file or cursor.
UNDESCRIBED = {"/email", "/prospect/email", "/prospect/phone", "/prospect/postcode",
               "/received_at", "/given_at", "/execute_at", "/file", "",
               "/absorbed_company_email", "/survivor_company_email",
               "/due_at", "/call_back_at", "/begins_at", "/ends_at", "/url", "/endpoint",
               "/meta"}  # fmt: skip
# What else is a matter of several fields, and names that are ids.
UNDESCRIBED_CODES = {"spans", "late", "repeated", "time-zone"}
# A form says who it is and how he is reached; what is too long, or a test.
UNDESCRIBED_CODES |= {
    "name-missing", "contact-missing", "contact-invalid", "contact-is-error", "interest-missing",
    "value-too-long", "cell-too-long", "too-many-columns", "test-lead",
}  # fmt: skip

LEADS = (
    b"Vorname;Nachname;PLZ;Ort;Telefon;E-Mail;Anliegen;Einwilligung\n"
    b"Petra;Muster;10115;Berlin;030 23125000;petra@muster.example;Dach;ja\n"
)
NAMED = b'{"object":"page","entry":[{"changes":[{"field":"leadgen","value":{"leadgen_id":"1"}}]}]}'
seen: Counter[tuple[str, int]] = Counter()
asked: set[tuple[str, str, GenerationMode]] = set()


@pytest.fixture(scope="module")
def stage(world_database: Urls, world: World) -> Iterator[Stage]:
    """The service behind a socket, on a clone of the world."""
    print(f"KOLLEGIUM_SEED={SEED}")
    with listening(world_database.api, pool_size=4, log_level="error") as url:
        found = Stage(url, world, world_database)
        asyncio.run(found.hire(world_database.worker))
        yield found


def ready(stage: Stage, role: str) -> dict[str, str]:
    """The headers of a role whose session is open."""
    if role == "none":
        return {}
    if role != "API key" and stage.ask(role, "GET", "/me").status_code == 401:
        stage.log_in(role)
    return {"Authorization": f"Bearer {stage.tokens[role]}"}


def make_real(case: schemathesis.Case, stage: Stage, name: str, ids: dict[str, str]) -> None:
    """Ids, and where a schema is not enough the body, of real things."""
    for parameter in case.path_parameters or {}:
        if parameter in ids:
            case.path_parameters[parameter] = ids[parameter]
    bodies = stage.bodies()
    if name in bodies:
        case.body, case.media_type = bodies[name], "application/json"
    if case.headers is not None and "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if name == "imports.import_file":
        case.query["marketplace"] = str(stage.world.nord_id)
    for filled in ("cursor", "handler"):
        (case.query or {}).pop(filled, None)


def make_consistent(case: schemathesis.Case, name: str) -> None:
    """No schema says that one parameter needs another."""
    query = case.query or {}
    if name == "offers.list_offers" and (
        "expires_before" in query or query.get("sort") == "expiring"
    ):
        case.query["state"] = "open"


def explained(answer: schemathesis.Response) -> bool:
    """A 400 to a request as described must name something that no schema can say."""
    if answer.status_code != 400:
        return True
    body = answer.json()
    if body["type"].endswith(":cursor-invalid"):
        return True
    return all(
        error.get("pointer", "?") in UNDESCRIBED
        or error.get("code") in UNDESCRIBED_CODES
        or (error.get("parameter"), error.get("code")) == ("by", "too-many")  # weeks of a century
        or re.match(r"/waves/\d+/weights/", error.get("pointer", "?"))
        # To a schema 1.0 is an integer; here integers are written without a fraction.
        or (error.get("code"), error.get("detail")) == ("wrong-type", "Expected a whole number")
        for error in body.get("errors", [{}])
    )


def examined(stage: Stage, name: str, mode: GenerationMode) -> Callable[[], None]:
    """A hypothesis test of one operation; the roles take turns, so each sends EXAMPLES requests."""
    operation = OPERATIONS[name]
    cases = operation.as_strategy(generation_mode=mode)
    count = BROKEN if mode is GenerationMode.NEGATIVE else len(ROLES)
    first = list(OPERATIONS).index(name) * count
    turns = itertools.islice(itertools.cycle(ROLES), first % len(ROLES), None)
    senders = min(SENDERS, count)

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=EXAMPLES * count // senders,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    # An operation without input has too few cases to give each role one; the number makes more.
    @hypothesis.given(case=cases, real=st.booleans(), number=st.integers(0, 2**32))
    def test(case: schemathesis.Case, real: bool, number: int) -> None:
        for left in range(senders, 0, -1):  # as it was made up first
            send(stage, name, mode, case, next(turns), real=left <= 1 + real)

    return test


def send(
    stage: Stage, name: str, mode: GenerationMode, case: schemathesis.Case, role: str, *, real: bool
) -> None:
    """One request of a role, and what its answer must be."""
    asked.add((name, role, mode))
    headers = ready(stage, role)
    if mode is GenerationMode.POSITIVE:
        make_consistent(case, name)
        if real:
            make_real(case, stage, name, stage.ids(name))
    answer = case.call(base_url=stage.url, session=stage.session, headers=headers)
    seen[name, answer.status_code] += 1
    case.validate_response(answer, checks=CHOSEN, headers=headers)
    if mode is GenerationMode.POSITIVE:
        assert explained(answer), f"{answer.request.url} {case.body!r} {answer.text}"


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation(stage: Stage, name: str) -> None:
    examined(stage, name, GenerationMode.POSITIVE)()
    if _can_be_broken(name):
        examined(stage, name, GenerationMode.NEGATIVE)()


def _can_be_broken(name: str) -> bool:
    raw = OPERATIONS[name].definition.raw
    return bool(raw["parameters"] or "requestBody" in raw)


async def _forget_limits(superuser: str) -> None:
    """What was generated above may have used up what a company may ask for in an hour."""
    async with connected(superuser) as connection:
        await connection.execute("delete from app_private.rate")


def signature() -> str:
    """Of what Meta would send to the stage's key."""
    secret = META["app_secret"].encode()
    return f"sha256={hmac.new(secret, NAMED, hashlib.sha256).hexdigest()}"


def right_body(stage: Stage, name: str) -> dict[str, Any]:
    """The body as a client is told: what the stage has, a file, a form, or the example."""
    if name in ("imports.import_file", "files.add_file"):
        return {"content": LEADS}
    if name == "intake.take_meta":
        return {"content": NAMED}
    if name == "intake.take_form":
        return {"data": {"name": "Petra Muster", "email": "petra@muster.example"}}
    examples = msgspec.json.decode(_description)["components"]["schemas"]
    raw = OPERATIONS[name].definition.raw.get("requestBody", {"content": {}})
    schema = raw["content"].get("application/json", {}).get("schema", {})
    example = examples.get(schema.get("$ref", "").rpartition("/")[2], {}).get("examples")
    return {"json": stage.bodies().get(name, example and example[0])}


def found_elsewhere(stage: Stage, name: str, urls: Urls) -> dict[str, str]:
    """What stands in a mail, and queries."""
    if name == "companies.accept":
        ready(stage, "taker admin")
        stage.call("taker admin", "POST", "/invitations", {"email": "neu@huber.example"})
        return {"token": asyncio.run(invited(urls.worker))}
    if name == "sessions.reset_password":
        stage.client.post("/password-resets", json={"email": "dora@huber.example"})
        return {"token": asyncio.run(invited(urls.worker, "password-reset"))}
    if name == "imports.import_file" or name.startswith("exports.statement"):
        return {"query": f"?marketplace={stage.world.nord_id}"}
    if name == "intake.confirm_meta":
        asked = f"hub.mode=subscribe&hub.challenge=1&hub.verify_token={stage.secret}"
        return {"query": f"?{asked}"}
    return {}


def test_every_operation_was_reached(stage: Stage, world_database: Urls) -> None:
    """The floor: a description that is only refused proves nothing.

    What no role reached above by a generated request is asked for once more, as it should be.
    """
    asyncio.run(_forget_limits(world_database.superuser))
    for name, operation in OPERATIONS.items():
        made: dict[str, str] = {}
        for role in [*stage.tokens, "invited"]:
            if any(seen[name, status] for status in (200, 201, 202, 204)):
                break
            made = made or stage.ids(name)  # who may not, uses nothing up
            ids = dict(made)
            ids |= found_elsewhere(stage, name, world_database)
            body = right_body(stage, name)
            headers = ready(stage, role) if role in stage.tokens else {}
            if role == "invited":
                headers = {"Authorization": f"Bearer {stage.world.nina.token}"}
            if "content" in body:
                headers["Content-Type"] = "text/csv"
            if name == "intake.take_meta":
                headers |= {"Content-Type": "application/json", "X-Hub-Signature-256": signature()}
            if operation.method.upper() in ("PATCH", "PUT"):
                headers["If-Match"] = "*"
            path = operation.path.format(**ids) + ids.get("query", "")
            answer = stage.client.request(operation.method, path, headers=headers, **body)
            seen[name, answer.status_code] += 1
    positive = {(name, role) for name, role, mode in asked if mode is GenerationMode.POSITIVE}
    assert sorted({(name, role) for name in OPERATIONS for role in ROLES} - positive) == []
    reached = {name for name, status in seen if status < 300}
    total = sum(number for (_, status), number in seen.items() if status < 300)
    print(f"{total} of {sum(seen.values())} answers were 2xx")
    assert not any(status >= 500 for _, status in seen)
    assert sorted(set(OPERATIONS) - reached) == []
    assert total >= len(OPERATIONS)

"""What the files of deploy/ name exists, and what the code reads is documented there."""

import json
import re
import shlex
import tomllib
from typing import Any

import click
import pytest
import yaml

from service.commands import COMMANDS, kollegium
from service.database import readiness
from service.database.logins import VARIABLES
from service.settings import _VARIABLES, ServiceSettings
from tests.deploy.stack import DEPLOY
from tests.fixtures.database import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ENV_EXAMPLE = (DEPLOY / "env.example").read_text("utf-8")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
# name -> shown value; a line "#NAME=" shows the default.
DOCUMENTED = dict(re.findall(r"^#?([A-Z][A-Z_]+)=(.*)$", ENV_EXAMPLE, re.MULTILINE))
INTERPOLATED = re.compile(r"\$\{([A-Z_]+)(?::[-?][^}]*)?\}")
# Read by images that are not ours.
FOREIGN = {"POSTGRES_DB", "POSTGRES_INITDB_ARGS", "PGHOST", "PGUSER", "PGDATABASE", "PGPASSWORD"}


def variables_of_the_code() -> set[str]:
    """Every variable of ours that the service reads, whichever way."""
    text = "\n".join(file.read_text("utf-8") for file in (ROOT / "service").rglob("*.py"))
    return set(re.findall(r'"(KOLLEGIUM_[A-Z_]+|DATABASE_(?:[A-Z]+_)?URL)"', text))


def test_env_example_documents_every_variable_and_no_other() -> None:
    sql = set(
        re.findall(r"^\\getenv \w+ (\w+)", (DEPLOY / "set-passwords.sql").read_text(), re.MULTILINE)
    )
    compose = set(INTERPOLATED.findall((DEPLOY / "compose.yaml").read_text()))
    wanted = variables_of_the_code() | sql | compose
    assert {*_VARIABLES.values(), *VARIABLES.values(), "KOLLEGIUM_DATA_DIR"} <= wanted
    assert set(DOCUMENTED) == wanted
    names = re.findall(r"^#?([A-Z][A-Z_]+)=", ENV_EXAMPLE, re.MULTILINE)
    assert len(names) == len(set(names)), "each once"


def test_env_example_shows_the_defaults_of_the_code() -> None:
    for field, variable in _VARIABLES.items():
        default = getattr(ServiceSettings(database_url=""), field)
        if field == "database_url":
            continue
        shown = DOCUMENTED[variable]
        assert (
            float(shown) == float(default) if isinstance(default, int | float) else shown == default
        )


def test_env_example_has_a_comment_above_every_variable() -> None:
    lines = ENV_EXAMPLE.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"#?[A-Z][A-Z_]+=", line):
            assert lines[number - 1].startswith("# "), line


def test_env_example_holds_no_secret() -> None:
    assert [name for name, value in DOCUMENTED.items() if "PASSWORD" in name and value] == []


def _command(words: list[str]) -> None:
    """Fails unless `kollegium <words>` names a command and options that exist."""
    found: Any = kollegium
    context = click.Context(kollegium)
    for word in words:
        if word == "--help":
            continue
        if word.startswith("-"):
            assert word in {o for p in found.params for o in p.opts}, f"{words}: no option {word}"
        elif isinstance(found, click.Group):
            found = found.get_command(context, word)
            assert found is not None, f"{words}: no command {word}"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_compose_names_only_what_exists(name: str) -> None:
    service = SERVICES[name]
    for volume in service.get("volumes", []):
        source, target = INTERPOLATED.sub("/tls", volume).split(":")[:2]
        assert target.startswith("/")
        if source.startswith("."):
            assert (DEPLOY / source).is_file(), f"{name}: {source} is not there"
        elif not source.startswith("/"):
            assert source in COMPOSE["volumes"]
    for network in service["networks"]:
        assert network in COMPOSE["networks"]
    for other in service.get("depends_on", {}):
        assert other in SERVICES
    if "build" in service:
        assert (
            DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]
        ) == DEPLOY / ".." / "deploy/Dockerfile"
        target = service["build"].get("target")
        assert target is None or re.search(rf"^FROM \S+ AS {target}$", DOCKERFILE, re.MULTILINE)
    known = variables_of_the_code() | FOREIGN | set(DOCUMENTED)
    assert set(service.get("environment", {})) <= known
    if service["image"].startswith("kollegium:"):
        assert service["command"][0] in COMMANDS or service["command"] == ["--help"]
        _command(service["command"])
        version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
        assert service["image"] == f"kollegium:{version}"


def test_compose_publishes_the_proxy_and_nothing_else() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert SERVICES["proxy"]["ports"] == ["80:80", "443:443"]
    assert COMPOSE["networks"]["back"]["internal"] is True
    assert "front" not in SERVICES["db"]["networks"]


def test_compose_runs_a_patched_server() -> None:
    for name in ("db", "passwords"):
        major, minor = SERVICES[name]["image"].removeprefix("postgres:").split(".")
        assert int(minor) >= readiness.PATCHED[int(major)]


def test_compose_gives_each_process_its_own_role_only() -> None:
    for name, variable in (
        ("service", "DATABASE_URL"),
        ("worker", "DATABASE_WORKER_URL"),
        ("migrate", "DATABASE_OWNER_URL"),
        ("staff", "DATABASE_STAFF_URL"),
    ):
        given = SERVICES[name]["environment"]
        assert [key for key in given if key.startswith("DATABASE")] == [variable]
        assert "env_file" not in SERVICES[name]
        assert len({v for v in INTERPOLATED.findall(str(given)) if v.endswith("PASSWORD")}) == 1
    assert SERVICES["service"]["environment"]["DATABASE_URL"].endswith("@pgbouncer:6432/kollegium")


def test_the_service_believes_the_proxy_alone() -> None:
    address = SERVICES["proxy"]["networks"]["front"]["ipv4_address"]
    assert SERVICES["service"]["environment"]["KOLLEGIUM_TRUSTED_PROXIES"] == address
    subnet = COMPOSE["networks"]["front"]["ipam"]["config"][0]["subnet"]
    assert address.rpartition(".")[0] == subnet.rpartition(".")[0]


def test_containers_are_hardened() -> None:
    for name in ("migrate", "pgbouncer", "service", "worker", "staff"):
        service = SERVICES[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_dockerfile_copies_what_exists_and_may_enter_the_build() -> None:
    allowed = {
        line.removeprefix("!").rstrip("/")
        for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = [
        source
        for arguments in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in arguments.split()[:-1]
    ]
    assert {source.rstrip("/") for source in copied} == allowed
    assert {"service", "sql", "alembic", "alembic.ini", "pyproject.toml"} <= allowed
    for source in copied:
        assert (ROOT / source).exists()


def test_the_image_runs_as_nobody_and_tells_its_health() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\\\n.*/healthz", final, re.MULTILINE)
    assert 'ENTRYPOINT ["kollegium"]' in final
    command = json.loads(re.search(r"^CMD (\[.*\])$", final, re.MULTILINE)[1])  # type: ignore[index]
    _command(command)
    assert "--require-hashes" in DOCKERFILE


def test_proxy_and_service_have_the_same_limits() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text()
    limits = [
        int(n) * {"k": 1024, "m": 1024**2}[u]
        for n, u in re.findall(r"client_max_body_size (\d+)([km]);", nginx)
    ]
    settings = ServiceSettings(database_url="")
    assert limits == [settings.body_limit, settings.upload_limit, settings.import_limit]


@pytest.mark.parametrize(
    "setting",
    [
        "pool_mode = transaction",
        "auth_type = scram-sha-256",
        "server_reset_query =",
        "admin_users =",
    ],
)
def test_the_pooler_says(setting: str) -> None:
    assert f"\n{setting}\n" in (DEPLOY / "pgbouncer.ini").read_text()


def _calls(text: str) -> list[list[str]]:
    """The commands in the fenced shell blocks of a text, as words."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).replace("\\\n", " ")
    lines = [line.partition("    #")[0] for line in blocks.splitlines()]
    return [
        shlex.split(part)
        for line in lines
        for part in re.split(r" \| | > | < ", line)
        if part.strip()
    ]


def test_the_runbook_calls_commands_that_exist() -> None:
    calls = _calls((DEPLOY / "runbook.md").read_text("utf-8"))
    composed = [words[2:] for words in calls if words[:2] == ["docker", "compose"]]
    assert len(composed) > 15
    for words in composed:
        if words[0] not in ("run", "exec", "logs", "stop", "kill", "restart", "up"):
            assert words == ["build"]
            continue
        rest = [
            word
            for word in words[1:]
            if word not in ("-T", "--rm", "-s", "SIGHUP", "--detach", "--build")
        ]
        if words[0] in ("run", "exec") and rest:
            service, command = rest[0], rest[1:]
            ours = SERVICES[service]["image"].startswith("kollegium:")
            if ours and words[0] == "exec":
                assert command[0] == "kollegium"
                command = command[1:]
            if ours:
                _command([word for word in command if " " not in word and "@" not in word])
        else:
            assert set(rest) <= set(SERVICES), words

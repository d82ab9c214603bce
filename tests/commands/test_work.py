"""`kollegium company`, `mails`, `worker` and `psql`: each as the role it needs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.jobs.mail.rendering import templates
from tests.fixtures.commands import found, kollegium
from tests.fixtures.database import ROOT, NewDatabase, Urls, connected

PASSWORD = "Am Brunnen vor dem Tore"


def make_huber(url: str, email: str = "anna@huber.example") -> subprocess.CompletedProcess[str]:
    """Firma Huber with Anna, by staff."""
    arguments = ["--name", "Firma Huber", "--admin-name", "Anna Huber", "--admin-email", email]
    return kollegium(
        "company", "create", *arguments, "--password-stdin", "--json",
        stdin=PASSWORD + "\n", env={"DATABASE_STAFF_URL": url},
    )  # fmt: skip


async def test_company_create_and_list(empty_database: Urls) -> None:
    made = found(make_huber(empty_database.staff, "Anna@Huber.example"))
    assert made["admin_email"] == "anna@huber.example"
    companies = found(
        kollegium("company", "list", "--json", env={"DATABASE_URL": empty_database.superuser})
    )
    assert [(c["id"], c["name"], c["colleagues"]) for c in companies] == [
        (made["company_id"], "Firma Huber", 1)
    ]
    again = make_huber(empty_database.staff)
    assert again.returncode == 1
    assert "This address is in use" in again.stderr


@pytest.mark.parametrize(
    ("option", "value"), [("--admin-email", "anna"), ("--name", ""), ("--admin-name", "An\x1bna")]
)
async def test_company_create_refuses(empty_database: Urls, option: str, value: str) -> None:
    arguments = {"--name": "Huber", "--admin-name": "Anna", "--admin-email": "anna@huber.example"}
    flat = [part for pair in (arguments | {option: value}).items() for part in pair]
    done = kollegium("company", "create", *flat, "--password-stdin", stdin=PASSWORD,
                     env={"DATABASE_STAFF_URL": empty_database.staff})  # fmt: skip
    assert done.returncode == 1
    assert option in done.stderr


async def test_company_create_refuses_a_short_password(empty_database: Urls) -> None:
    done = kollegium(
        "company", "create", "--name", "Huber", "--admin-name", "Anna", "--admin-email",
        "anna@huber.example", "--password-stdin", stdin="kurz",
        env={"DATABASE_STAFF_URL": empty_database.staff},
    )  # fmt: skip
    assert done.returncode == 1
    assert "10 to 1000" in done.stderr


async def test_mails_of_the_world(new_database: NewDatabase, world_template: Any) -> None:
    async with new_database(world_template[0]) as urls:
        env = {"DATABASE_WORKER_URL": urls.worker, "KOLLEGIUM_PUBLIC_URL": "https://kg.example"}
        mails = found(kollegium("mails", "--json", "--limit", "1000", env=env))
        ben = found(kollegium("mails", "--json", "--to", "Ben@huber.example", env=env))
        shown = kollegium("mails", "--to", "niemand@nirgends.example", env=env)
    assert {mail["template"] for mail in mails} <= templates()
    assert not [mail["subject"] for mail in mails if mail["subject"].startswith("(")]
    assert {mail["to"] for mail in ben} == {"ben@huber.example"}
    invitation = next(mail for mail in ben if mail["template"] == "invitation")
    token = invitation["payload"]["token"]
    assert f"https://kg.example/invitations/{token}" in invitation["text"]
    assert "No mail to niemand@nirgends.example" in shown.stdout


async def test_worker_once(new_database: NewDatabase, world_template: Any) -> None:
    async with new_database(world_template[0]) as urls:
        async with connected(urls.superuser) as superuser:
            await superuser.execute(
                "update app.offer set expires_at = now() - interval '1 min' where state = 'open'"
            )
        env = {"DATABASE_WORKER_URL": urls.worker}
        first = found(kollegium("worker", "--once", "--json", env=env))
        second = found(kollegium("worker", "--once", "--json", env=env))
    assert first["expired_leads"] > 0
    assert second["expired_leads"] == 0


def test_worker_survives_a_database_that_is_away() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "worker"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_WORKER_URL": "postgresql://kollegium_worker@127.0.0.1:1/x"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    lines = [json.loads(process.stderr.readline()) for _ in range(3)]
    assert [line["event"] for line in lines] == ["working", "database_lost", "database_lost"]
    process.terminate()
    assert process.wait(timeout=10) == 0


@pytest.mark.parametrize("login", ["superuser", "owner"])
@pytest.mark.parametrize("role", ["api", "auditor", "owner", "worker", "staff"])
async def test_psql_is_the_role(empty_database: Urls, role: str, login: str) -> None:
    done = kollegium("psql", "--as", role, "--", "-X", "-At", "-c", "select current_user",
                     env={"DATABASE_URL": getattr(empty_database, login)})  # fmt: skip
    assert done.stdout.strip() == f"kollegium_{role}", done.stderr


async def test_psql_hides_the_password_from_the_arguments(
    empty_database: Urls, tmp_path: Path
) -> None:
    spy = tmp_path / "psql"
    spy.write_text('#!/bin/sh\necho "$@"\necho "PGPASSWORD=$PGPASSWORD"\n')
    spy.chmod(0o755)
    env = {"DATABASE_URL": empty_database.api, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = kollegium("psql", "--as", "api", env=env)
    arguments, password = done.stdout.splitlines()
    assert password.removeprefix("PGPASSWORD=") not in arguments

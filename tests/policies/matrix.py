"""The access matrix: reading it, and finding out what a database really allows.

`Prober` answers with the four letters of a cell; `red` lists where a table differs from the file.
A relation is somebody (a token) and a row (a condition); the superuser's count shows that it
exists.
"""

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from tests.fixtures.database import ROOT
from tests.fixtures.world import World

FILE = ROOT / "tests" / "policies" / "access_matrix.toml"
FORGED = "kgs_there-is-no-such-token"
NOTHING = ("kollegium_worker", "kollegium_staff", "kollegium_auditor")


def read_matrix(file: Path = FILE) -> dict[str, Any]:
    """The file by table: family, cells by relation, grants; and `relations` with their meaning."""
    content = tomllib.loads(file.read_text("utf-8"))
    grants = content.pop("grants")
    matrix: dict[str, Any] = {"relations": {}}
    for family, group in content.items():
        matrix["relations"][family] = group["relations"]
        for place_, table in enumerate(group["tables"]):
            granted = grants.pop(table)
            matrix[table] = {
                "family": family,
                "cells": {relation: cells[place_] for relation, cells in group["cells"].items()},
                "api_select": granted["select"],
                "api_update": granted.get("update", []),
                "broker": granted["broker"],
                "broker_update": granted.get("broker_update", []),
            }
    if grants:
        raise ValueError(f"grants without cells: {sorted(grants)}")
    return matrix


def tables(matrix: dict[str, Any]) -> list[str]:
    """Its tables."""
    return [name for name in matrix if name != "relations"]


# relation -> (who: colleague of the world or None, lead of the world)
LEAD = {
    "operator": ("olga", "engaged"),
    "operator_colleague": ("otto", "engaged"),
    "giver": ("gerd", "engaged"),
    "engaged": ("ben", "engaged"),
    "engaged_colleague": ("anna", "engaged"),
    "open_offer": ("anna", "offered"),
    "rival": ("cora", "offered"),
    "lost": ("cora", "engaged"),
    "declined": ("cora", "declined"),
    "expired": ("anna", "expired"),
    "withdrawn": ("anna", "withdrawn"),
    "no_offer": ("lena", "engaged"),
    "outsider": ("fritz", "engaged"),
    "nobody": (None, "engaged"),
    "forged": (FORGED, "engaged"),
}
OWN_OFFER = (
    "engaged",
    "engaged_colleague",
    "open_offer",
    "lost",
    "declined",
    "expired",
    "withdrawn",
)
# The rows are Firma Huber's; imports are made by Ben in `furnish`.
OWNED = {
    "own": "anna",
    "own_colleague": "ben",
    "operator": "olga",
    "partner": "cora",
    "outsider": "fritz",
    "nobody": None,
    "forged": FORGED,
}
# Huber's card is answered, Neu's is not.
CARD = {
    "own": ("anna", "huber"),
    "own_colleague": ("ben", "huber"),
    "invited": ("nina", "neu"),
    "operator": ("olga", "huber"),
    "operator_of_invited": ("olga", "neu"),
    "partner": ("cora", "huber"),
    "outsider": ("fritz", "huber"),
    "nobody": (None, "huber"),
    "forged": (FORGED, "huber"),
}
# What a marketplace has one of.
OPERATORS = ("calendar", "wave_plan", "return_rules")
# Huber asks Klein in `furnish`.
MERGE = {
    "asking": "anna",
    "asking_colleague": "ben",
    "asked": "cora",
    "operator": "olga",
    "outsider": "fritz",
    "nobody": None,
    "forged": FORGED,
}
# Of a lead that Lang had and Huber works, made in `furnish`; a request that waits is Huber's.
ENDED = {
    "operator": "olga",
    "operator_unreleased": "olga",
    "operator_colleague": "otto",
    "former": "lena",
    "giver": "gerd",
    "next_taker": "ben",
    "rival": "cora",
    "outsider": "fritz",
    "nobody": None,
    "forged": FORGED,
}
FAMILIES = {"lead": LEAD, "ended": ENDED, "owned": OWNED, "card": CARD, "merge": MERGE}


def place(world: World, table: str, family: str, relation: str) -> tuple[str | None, str]:
    """Token and condition of a relation to a row of the table."""
    if family == "lead":
        who, lead = LEAD[relation]
        condition = f"{'id' if table == 'lead' else 'lead_id'} = '{world.leads[lead]}'"
        if table == "offer" and relation in OWN_OFFER:
            condition += f" and company_id = '{getattr(world, who or '').company.id}'"
        elif table == "offer" and relation == "rival":
            condition += f" and company_id = '{world.huber.id}'"
    elif family == "owned":
        who = OWNED[relation]
        condition = f"{'id' if table == 'company' else 'company_id'} = '{world.huber.id}'"
    elif family == "ended":
        waits = (table, relation) == ("return_request", "operator_unreleased")
        who, condition = (
            ENDED[relation],
            f"lead_id = '{world.leads['engaged' if waits else 'won']}'",
        )
    elif family == "merge":
        who, condition = MERGE[relation], f"asking_company_id = '{world.huber.id}'"
    else:
        who, company = CARD[relation]
        condition = (
            f"marketplace_id = '{world.nord_id}' and company_id = '{getattr(world, company).id}'"
        )
        if table == "marketplace":
            condition = f"id = '{world.nord_id}'"
        elif table in OPERATORS:
            condition = f"marketplace_id = '{world.nord_id}'"
    token = who if who in (None, FORGED) else getattr(world, who).token
    return token, condition


async def _furnish_files(superuser: Any) -> None:
    """A file beside each note and each message."""
    for kind, more in (("note", ""), ("message", "parties, company_name, ")):
        await superuser.execute(
            f"""insert into app.{kind}_file (marketplace_id, id, lead_id, company_id, author_name,
                 engagement_id, {more}name, media_type, size, sha256)
               select marketplace_id, gen_random_uuid(), lead_id, company_id, author_name,
                 engagement_id, {more}'a.txt', 'text/plain', 1, sha256('x') from app.{kind}"""
        )


async def furnish(superuser: Any, world: World) -> None:
    """Gives each relation its row where the world has none yet: notes and imports of Firma Huber's,
    and on leads without a taker and on the won one a former engagement of Firma Lang's."""
    await _furnish_files(superuser)
    for lead in ("offered", "declined", "expired", "withdrawn"):
        await superuser.execute(
            """insert into app.engagement (marketplace_id, id, lead_id, company_id,
              operator_company_id,
                 giver_company_id, company_name, state, origin, steps, step, ended_at)
               values ($1, gen_random_uuid(), $2, $3, $4, $5, '', 'revoked', 'pick',
                 '{neu}', 'neu', now())""",
            *(world.nord_id, world.leads[lead], world.lang.id, world.nord.id, world.geber.id),
        )
        await superuser.execute(
            """insert into app.disclosure (marketplace_id, id, lead_id, company_id,
              operator_company_id,
                 company_name, cause, fields)
               values ($1, gen_random_uuid(), $2, $3, $4, 'Firma Lang', 'pick', '{name}')""",
            *(world.nord_id, world.leads[lead], world.lang.id, world.nord.id),
        )
    await superuser.execute(
        """with ended as (
             insert into app.engagement (marketplace_id, id, lead_id, company_id,
               operator_company_id, giver_company_id, company_name, state, origin, steps, step,
               ended_at)
             values ($1, gen_random_uuid(), $2, $3, $4, $5, '', 'returned', 'pick', '{neu}', 'neu',
               now()) returning *)
           insert into app.engagement_card (marketplace_id, id, lead_id, company_id,
             operator_company_id, company_name)
           select marketplace_id, id, lead_id, company_id, operator_company_id, 'Firma Lang'
           from ended""",
        *(world.nord_id, world.leads["won"], world.lang.id, world.nord.id, world.geber.id),
    )
    await superuser.execute(
        """insert into app.posting (marketplace_id, id, lead_id, engagement_id, company_id,
             operator_company_id, company_name, kind, reason, amount_cents, currency)
           select marketplace_id, gen_random_uuid(), lead_id, id, company_id, operator_company_id,
             'Firma Lang', 'charge', 'pick', 4500, 'EUR'
           from app.engagement_card where lead_id = $1""",
        world.leads["won"],
    )
    await superuser.execute(
        """insert into app.rating (marketplace_id, engagement_id, lead_id, company_id,
             operator_company_id, stars)
           select marketplace_id, id, lead_id, company_id, operator_company_id, 4
           from app.engagement_card where lead_id = $1""",
        world.leads["won"],
    )
    await superuser.execute(
        """insert into app.return_request (marketplace_id, id, lead_id, engagement_id, company_id,
             operator_company_id, state, reason, asked_by_name, requested_at, ended_at)
           select marketplace_id, gen_random_uuid(), lead_id, id, company_id, operator_company_id,
             'accepted', 'other', 'Lena', now(), now()
           from app.engagement where lead_id = $1 and state = 'returned'""",
        world.leads["won"],
    )
    await superuser.execute(
        """insert into app.return_request (marketplace_id, id, lead_id, engagement_id, company_id,
             operator_company_id, state, reason, asked_by_name)
           select marketplace_id, gen_random_uuid(), lead_id, id, company_id, operator_company_id,
             'waiting', 'other', 'Ben'
           from app.engagement where lead_id = $1 and company_id = $2""",
        *(world.leads["engaged"], world.huber.id),
    )
    await superuser.execute(
        """insert into app.return_rules (marketplace_id, operator_company_id, reasons, window_days,
             quota_days) values ($1, $2, '[{}]', 14, 90)""",
        *(world.nord_id, world.nord.id),
    )
    await superuser.execute(
        """insert into app.company_merge (id, asking_company_id, asking_company_name, asking_side,
             named_email, other_company_id, state)
           values (gen_random_uuid(), $1, 'Firma Huber', 'survivor', 'cora@klein.example', $2,
             'requested')""",
        *(world.huber.id, world.klein.id),
    )
    await superuser.execute(
        """with made as (
             insert into app.lead_import (marketplace_id, id, company_id, file_name, format,
               encoding, state, rows, done, refused, ended_at)
             values ($1, gen_random_uuid(), $2, 'h.csv', 'german', 'utf-8', 'done', 1, 1, 1, now())
             returning *)
           insert into app.lead_import_row (marketplace_id, import_id, row_number, company_id,
             outcome)
           select marketplace_id, id, 1, company_id, 'refused' from made""",
        *(world.nord_id, world.huber.id),
    )
    await superuser.execute(
        """insert into app.calendar (marketplace_id, operator_company_id, time_zone, hours)
           values ($1, $2, 'Europe/Berlin', '{}')""",
        *(world.nord_id, world.nord.id),
    )
    await superuser.execute(
        """insert into app.wave_plan (marketplace_id, operator_company_id, waves, on_cap, recycle,
             seed)
           values ($1, $2, '[{}]', 'skip', 'never', gen_random_uuid())""",
        *(world.nord_id, world.nord.id),
    )
    await _furnish_calls(superuser, world)
    for table in tomllib.loads(FILE.read_text("utf-8"))["owned"]["tables"]:
        if table != "company":
            await _give_one(superuser, table, world)


# What a column that has no default says, by its type.
_PLAIN = {
    "uuid": "gen_random_uuid()", "text": "'x'", "timestamptz": "now()", "integer": "1",
    "boolean": "false", "text[]": "'{}'", "jsonb": "'{}'",
}  # fmt: skip


async def _give_one(superuser: Any, table: str, world: World) -> None:
    """A row of Firma Huber's in a table that has none, whatever it refers to."""
    if await superuser.fetchval(
        f"select exists (select from app.{table} where company_id = $1)", world.huber.id
    ):
        return
    columns = await superuser.fetch(
        "select attname as name, replace(format_type(atttypid, null), 'timestamp with time zone',"
        " 'timestamptz') as kind from pg_attribute where attrelid = $1::text::regclass"
        " and attnum > 0 and not attisdropped and attnotnull and not atthasdef",
        f"app.{table}",
    )
    known = {"company_id": f"'{world.huber.id}'", "marketplace_id": f"'{world.nord_id}'"}
    values = [known.get(column["name"], _PLAIN.get(column["kind"], "null")) for column in columns]
    names = ", ".join(column["name"] for column in columns)
    async with superuser.transaction():
        await superuser.execute("set local session_replication_role = replica")
        await superuser.execute(f"insert into app.{table} ({names}) values ({', '.join(values)})")


async def _furnish_calls(superuser: Any, world: World) -> None:
    """What no plain row is: what ends after it began, a call's outcome, a key with its hash."""
    await superuser.execute(
        """insert into app.intake_key (marketplace_id, id, company_id, kind, name, interest,
             consent_text, key_sha256)
           values ($1, gen_random_uuid(), $2, 'form', 'website', 'Dach', 'Ja.', sha256('x'))""",
        *(world.nord_id, world.huber.id),
    )
    await superuser.execute(
        """insert into app.absence (id, company_id, colleague_id, begins_at, ends_at)
           values (gen_random_uuid(), $1, $2, now(), now() + interval '1 day')""",
        *(world.huber.id, world.anna.id),
    )
    await superuser.execute(
        """insert into app.company_absence (id, company_id, begins_at, ends_at)
           values (gen_random_uuid(), $1, now(), now() + interval '1 day')""",
        world.huber.id,
    )
    await superuser.execute(
        """insert into app.call_attempt (marketplace_id, id, lead_id, engagement_id, company_id,
             colleague_name, outcome)
           select marketplace_id, gen_random_uuid(), lead_id, id, company_id, 'Anna', 'reached'
           from app.engagement where lead_id = $1 and company_id = $2""",
        *(world.leads["engaged"], world.huber.id),
    )
    await superuser.execute(
        """insert into app.call_claim (marketplace_id, id, lead_id, company_id, colleague_id,
             colleague_name, claimed_at, until)
           values ($1, gen_random_uuid(), $2, $3, $4, 'Anna', now(), now() + interval '15 min')""",
        *(world.nord_id, world.leads["engaged"], world.huber.id, world.anna.id),
    )


class Prober:
    """Tries things as a role and undoes them: on one superuser's connection with SET LOCAL ROLE, or
    on a connection of each role (`roles`)."""

    def __init__(self, superuser: Any, roles: dict[str, Any] | None = None) -> None:
        self.superuser, self.roles = superuser, roles

    @asynccontextmanager
    async def acting(self, role: str, token: str | None = None) -> AsyncIterator[Any]:
        """A transaction (or savepoint) as the role in the token's context; always rolled back."""
        db = self.roles[role] if self.roles else self.superuser
        transaction = db.transaction()
        await transaction.start()
        try:
            if not self.roles:
                await db.execute(f"set local role {role}")
            if token == FORGED:  # app.enter would raise: the setting alone is the stronger attempt
                await db.execute("select set_config('kollegium.token', $1, true)", token)
            elif token is not None:
                await db.execute("select from app.enter($1)", token)
            yield db
        finally:
            await transaction.rollback()

    async def rows(self, role: str, token: str | None, statement: str) -> int | None:
        """Rows that a statement finds or changes; None when the privilege is missing."""
        try:
            async with self.acting(role, token) as db:
                if statement.startswith("select"):
                    return int(await db.fetchval(statement))
                return int((await db.execute(statement)).rpartition(" ")[2])
        except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidAuthorizationSpecificationError):
            return None
        except asyncpg.IntegrityConstraintViolationError:
            return 1  # it came past privileges and policies

    async def cell(self, table: str, token: str | None, condition: str, column: str) -> str:
        """What kollegium_api may do there, as S-U- and so on; `column` is the one to update."""
        statements = {
            "S": f"select count(*) from app.{table} where {condition}",
            "I": f"insert into app.{table} default values",
            "U": f"update app.{table} set {column} = {column} where {condition}",
            "D": f"delete from app.{table} where {condition}",
        }
        return "".join(
            [
                letter if await self.rows("kollegium_api", token, statement) else "-"
                for letter, statement in statements.items()
            ]
        )

"""Ways to open the wall by one statement each, for every policy, table and column of a database."""

from dataclasses import dataclass
from typing import Any

from tests.policies.red import GRANTS, columns

POLICIES = """
    select c.relname as table, p.polname as name, p.polcmd::text as command,
      p.polroles::regrole[]::text[] as roles, pg_get_expr(p.polqual, p.polrelid) as using
    from pg_policy p join pg_class c on c.oid = p.polrelid
    where c.relnamespace = 'app'::regnamespace order by 1, 2
"""


@dataclass(frozen=True)
class Mutant:
    """One change, and the table whose cells must turn red. `grant`: seen by the grants alone."""

    table: str
    change: str
    grant: bool = False


def _of_policy(policy: Any) -> list[Mutant]:
    table, name = policy["table"], policy["name"]
    on = f"policy {name} on app.{table}"
    mutants = [Mutant(table, f"drop {on}"), Mutant(table, f"alter {on} to public")]
    if policy["roles"] == ["kollegium_broker"]:
        return [
            *mutants,
            Mutant(table, f"alter {on} to kollegium_api"),
            Mutant(table, f"alter {on} using (false)"),
        ]
    mutants += [
        Mutant(table, f"alter {on} using (true)"),
        Mutant(table, f"alter {on} using (false)"),
        # somebody at all, instead of the right one
        Mutant(table, f"alter {on} using ((select app.current_company_id()) is not null)"),
        # a second policy is OR, not AND
        Mutant(
            table, f"create policy more on app.{table} for select to kollegium_api using (true)"
        ),
    ]
    if policy["command"] == "w":
        mutants += [Mutant(table, f"alter {on} with check (true)")]
    if " AND " in policy["using"]:  # forgets the states in which a row is visible
        mutants += [
            Mutant(
                table,
                f"alter {on} using (company_id = (select app.current_company_id()) "
                "or operator_company_id = (select app.current_company_id()))",
            )
        ]
    return mutants


async def _of_grants(db: Any, table: str) -> list[Mutant]:
    every = await columns(db, table)
    rows = await db.fetch(
        GRANTS, f"app.{table}", ["kollegium_api", "kollegium_broker"], ["SELECT", "UPDATE"]
    )
    held = {(row["role"], row["privilege"], row["column"]) for row in rows}
    mutants = []
    for column in every:
        for role in ("kollegium_api", "kollegium_broker"):
            mutants.append(
                Mutant(
                    table,
                    f"revoke update ({column}) on app.{table} from {role}"
                    if (role, "UPDATE", column) in held
                    else f"grant update ({column}) on app.{table} to {role}",
                    True,
                )
            )
        if ("kollegium_api", "SELECT", column) not in held:
            mutants.append(
                Mutant(table, f"grant select ({column}) on app.{table} to kollegium_api", True)
            )
    for what in ("insert", "delete", "update", "truncate"):
        mutants.append(Mutant(table, f"grant {what} on app.{table} to kollegium_api", True))
    for role in ("kollegium_worker", "kollegium_staff", "kollegium_auditor", "public"):
        mutants.append(Mutant(table, f"grant select on app.{table} to {role}", True))
    mutants.append(
        Mutant(table, f"grant select ({every[0]}) on app.{table} to kollegium_auditor", True)
    )
    mutants.append(Mutant(table, f"revoke insert on app.{table} from kollegium_broker", True))
    mutants.append(Mutant(table, f"revoke select on app.{table} from kollegium_api", True))
    return mutants


async def all_mutants(db: Any, tables: list[str]) -> list[Mutant]:
    """Every mutant of the tables."""
    mutants = [mutant for policy in await db.fetch(POLICIES) for mutant in _of_policy(policy)]
    for table in tables:
        mutants.append(Mutant(table, f"alter table app.{table} disable row level security"))
        mutants.append(Mutant(table, f"alter table app.{table} no force row level security"))
        mutants += await _of_grants(db, table)
    return mutants

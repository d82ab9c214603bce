"""What the tests of merging share: asking for a merge as staff, and a fingerprint of all rows."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.fixtures.world import Company

# Rows that a merge writes about itself; what existed before is compared all the same.
ADDED = ("app.company_merge", "app_private.merge_journal", "app_private.merge_token")
# How far the worker is with telling: no row of anybody.
ADDED += ("app_private.event_reader",)
GROWING = ("app.event", "app_private.outbox", "app_private.audit_entry")


@dataclass
class Merging:
    """Staff at work, over a connection as kollegium_staff."""

    staff: Any

    async def prepare(self, survivor: Company | UUID, absorbed: Company | UUID) -> UUID:
        """Asked for in writing, rehearsed, consented to by both sides."""
        ids = [one if isinstance(one, UUID) else one.id for one in (survivor, absorbed)]
        merge: UUID = await self.staff.fetchval(
            "select app.request_merge_in_writing($1, $2, null, 'Brief vom 1. Oktober')", *ids
        )
        await self.staff.fetchval("select app.rehearse_merge($1)", merge)
        for side in ("survivor", "absorbed"):
            await self.staff.fetchval(
                "select app.record_merge_consent($1, $2, 'Brief vom 2. Oktober')", merge, side
            )
        return merge

    async def run(self, merge: UUID) -> Any:
        """The merge itself; its result."""
        return await self.staff.fetchval("select app.run_merge($1)", merge)

    async def merge(self, survivor: Company | UUID, absorbed: Company | UUID) -> UUID:
        """All of it."""
        merge = await self.prepare(survivor, absorbed)
        await self.run(merge)
        return merge

    async def undo(self, merge: UUID) -> Any:
        """Back to two companies."""
        return await self.staff.fetchval("select app.undo_merge($1)", merge)


async def tables(superuser: Any) -> list[str]:
    """Every table of both schemas that can hold rows of a company."""
    rows = await superuser.fetch(
        """select n.nspname || '.' || c.relname as name from pg_class c
           join pg_namespace n on n.oid = c.relnamespace
           where n.nspname in ('app', 'app_private') and c.relkind in ('r', 'p')
             and not c.relispartition order by 1"""
    )
    return [row["name"] for row in rows if row["name"] not in ADDED]


async def fingerprint(superuser: Any, until: UUID | None = None) -> dict[str, str]:
    """Table -> hash of its sorted rows; mails and audit entries up to an id, for they are added."""
    found = {}
    for table in await tables(superuser):
        where = f"where t.id <= '{until}'" if until and table in GROWING else ""
        rows = await superuser.fetch(f"select t::text as row from {table} t {where}")
        text = "\n".join(sorted(row["row"] for row in rows))
        found[table] = f"{len(rows)} {hashlib.sha256(text.encode()).hexdigest()}"
    return found


async def mark(superuser: Any) -> UUID:
    """An id that is later than every row there is."""
    now: UUID = await superuser.fetchval("select app_private.new_id()")
    return now


async def owned(superuser: Any, company: UUID) -> list[str]:
    """Every column of every table that still names a company, by the catalogue; evidence of what
    was (audit, merges) aside."""
    columns = await superuser.fetch(
        """select n.nspname || '.' || c.relname as tab, a.attname as col,
                  a.atttypid = 'uuid[]'::regtype as many
           from pg_attribute a join pg_class c on c.oid = a.attrelid
           join pg_namespace n on n.oid = c.relnamespace
           where n.nspname in ('app', 'app_private') and c.relkind in ('r', 'p')
             and not c.relispartition and a.attnum > 0
             and not a.attisdropped and a.atttypid in ('uuid'::regtype, 'uuid[]'::regtype)
             and (a.attname like '%company_id' or a.attname = 'parties')"""
    )
    kept = {"app.company_merge", "app_private.audit_entry", "app_private.company_split"}
    found = []
    for tab, col, many in columns:
        if tab in kept:
            continue
        condition = f"$1 = any ({col})" if many else f"{col} = $1"
        count = await superuser.fetchval(f"select count(*) from {tab} where {condition}", company)
        if count:
            found.append(f"{tab}.{col}: {count}")
    return found


# Every name that is printed on a live row, beside whom it names (docs/domain.md, case 11).
PRINTED = """
    select 'app.lead operator_name' as place, id::text as row, operator_name as printed,
      operator_company_id as of from app.lead
    union all select 'app.lead giver_name', id::text, giver_name, giver_company_id from app.lead
    union all select 'app.lead engaged_company_name', id::text, engaged_company_name,
      engaged_company_id from app.lead
    union all select 'app.offer company_name', id::text, company_name, company_id from app.offer
      where state = 'open'
    union all select 'app.engagement company_name', id::text, company_name, company_id
      from app.engagement where state in ('active', 'return_requested')
    union all select 'app.engagement handler_name', id::text, handler_name, handler_id
      from app.engagement where state in ('active', 'return_requested')
    union all select 'app.participation company_name', marketplace_id::text, company_name,
      company_id from app.participation
    union all select 'app.participation operator_name', marketplace_id::text, operator_name,
      operator_company_id from app.participation
    union all select 'app.marketplace operator_name', id::text, operator_name,
      operator_company_id from app.marketplace
"""


async def printed(superuser: Any) -> set[str]:
    """The places in which a name is printed on a live row, for knowing what was looked at."""
    rows = await superuser.fetch(
        f"select distinct place from ({PRINTED}) p where printed is not null"
    )
    return {row["place"] for row in rows}


async def former_names(superuser: Any) -> list[str]:
    """Live rows that print another name than the company or the colleague has now."""
    rows = await superuser.fetch(
        f"""select p.* from ({PRINTED}) p
            left join (select id, name from app.company union all select id, name
                       from app.colleague) n on n.id = p.of
            where p.printed is distinct from n.name order by p.place, p.row"""
    )
    return [f"{row['place']} of {row['row']}: {row['printed']}" for row in rows]

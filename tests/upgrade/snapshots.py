"""What an upgrade must not lose: rows, who sees them, and what they refer to."""

from hashlib import sha256
from typing import Any

from tests.fixtures.database import Urls, as_bearer, connected

Columns = dict[str, list[str]]
Found = dict[str, tuple[int, str]]

# Says what the database was built from; an upgrade is to change it.
APART = "app_private.schema_state"


async def columns(db: Any) -> Columns:
    """The columns of every table that can hold something, by its name."""
    rows = await db.fetch(
        """select c.oid::regclass::text as tab, array_agg(quote_ident(a.attname) order by a.attnum)
           from pg_class c join pg_attribute a on a.attrelid = c.oid
           where c.relnamespace::regnamespace::text in ('app', 'app_private') and c.relkind = 'r'
             and a.attnum > 0 and not a.attisdropped and c.oid::regclass::text <> $1
           group by c.oid order by 1""",
        APART,
    )
    return {tab: list(names) for tab, names in rows}


async def contents(db: Any, of: Columns, where: dict[str, str] | None = None) -> Found:
    """The number of rows of each table and the MD5 of what stands in these columns; `where` says
    of some tables of which rows."""
    found: Found = {}
    for tab, names in of.items():
        row = await db.fetchrow(
            f"select count(*), coalesce(md5(string_agg(r::text, e'\\n' order by r::text)), '')"
            f" from (select {', '.join(names)} from {tab} t {(where or {}).get(tab, '')}) r"
        )
        found[tab] = (row[0], row[1])
    return found


async def tokens(superuser: Any) -> dict[str, str]:
    """A fresh token for each active colleague and API key: its bearer -> the token."""
    made = {}
    rows = await superuser.fetch(
        """select 'colleague_id' as col, c.id, c.company_id from app.colleague c
           join app.company co on co.id = c.company_id and co.state = 'active' where c.active
           union all
           select 'api_key_id', k.id, k.company_id from app.api_key k
           join app.company co on co.id = k.company_id and co.state = 'active' where k.active"""
    )
    for col, id_, company in rows:
        token = f"kgs_upgrade{id_}"
        await superuser.execute(
            f"insert into app_private.bearer (token_sha256, company_id, {col}, expires_at)"
            " values ($1, $2, $3, 'infinity')",
            sha256(token.encode()).digest(), company, id_,
        )  # fmt: skip
        made[f"{col} {id_}"] = token
    return made


async def readable(urls: Urls, of: Columns) -> Columns:
    """The columns of these that the web tier may read."""
    async with connected(urls.superuser) as db:
        rows = await db.fetch(
            """select t.tab, array_agg(t.col order by t.place) from unnest($1::text[], $2::text[])
                 with ordinality t (tab, col, place)
               where has_column_privilege('kollegium_api', t.tab::regclass,
                 (parse_ident(t.col))[1], 'select')
                 and has_schema_privilege('kollegium_api', split_part(t.tab, '.', 1), 'usage')
               group by t.tab""",
            [tab for tab, names in of.items() for _ in names],
            [name for names in of.values() for name in names],
        )
    return {tab: list(names) for tab, names in rows}


async def visible(
    urls: Urls, given: dict[str, str], of: Columns, where: dict[str, str] | None = None
) -> dict[str, Found]:
    """What each token sees of these columns, as the web tier."""
    async with connected(urls.api) as api:
        found = {}
        for bearer, token in given.items():
            async with as_bearer(api, token):
                found[bearer] = await contents(api, of, where)
        return found


async def orphans(db: Any) -> dict[str, int]:
    """Rows that refer to nothing, by foreign key. Counted, not asked of the constraint: it may have
    been validated over no row (alembic/blind.py). To be run as superuser."""
    keys = await db.fetch(
        """select k.conname, k.conrelid::regclass::text, k.confrelid::regclass::text,
             array(select quote_ident(a.attname) from unnest(k.conkey) with ordinality u (n, i)
                   join pg_attribute a on (a.attrelid, a.attnum) = (k.conrelid, u.n) order by u.i),
             array(select quote_ident(a.attname) from unnest(k.confkey) with ordinality u (n, i)
                   join pg_attribute a on (a.attrelid, a.attnum) = (k.confrelid, u.n) order by u.i)
           from pg_constraint k where k.contype = 'f'
             and k.connamespace::regnamespace::text in ('app', 'app_private')"""
    )
    assert len(keys) > 40
    found = {}
    for name, child, parent, cols, others in keys:
        refers = ", ".join(f"c.{col}" for col in cols)
        count = await db.fetchval(
            f"select count(*) from {child} c where num_nulls({refers}) = 0"
            f" and not exists (select from {parent} p where "
            + " and ".join(f"p.{o} = c.{c}" for c, o in zip(cols, others, strict=True))
            + ")"
        )
        if count:
            found[f"{child}.{name}"] = count
    return found

"""What is read of merges. Both companies see a request."""

from uuid import UUID

from sqlalchemy import bindparam, case, literal_column, select, text

from service.database import tables
from service.database.statements import columns, compiled
from service.database.transaction import Tx
from service.domain.merges.messages import Merge, NewlyVisible, Rehearsal, Side
from service.errors import Problem
from service.vocabulary import Page, cut, decode_cursor, fetched

_MERGE = tables.company_merge.c
_MERGES = select(
    *columns(tables.company_merge, "id state"),
    case(
        (_MERGE.asking_company_id == text("(select app.current_company_id())"), _MERGE.asking_side),
        (_MERGE.asking_side == literal_column("'survivor'"), literal_column("'absorbed'")),
        else_=literal_column("'survivor'"),
    ).label("my_side"),
    *columns(
        tables.company_merge,
        "asking_company_name named_email named_company_id survivor_company_id survivor_name"
        " absorbed_company_id absorbed_name execute_at rehearsal_due rehearsal_id rehearsed_at"
        " survivor_consent_at absorbed_consent_at refusal done_at undone_at created_at version",
    ),
    literal_column("problem ->> 'slug'").label("problem"),
)
_ONE_MERGE = compiled(_MERGES.where(_MERGE.id == bindparam("id"))).sql
_REHEARSAL = """
  select id as merge_id, rehearsal_id as id, rehearsed_at as made_at, r.blocks, r.visible,
         r.to_survivor, r.to_absorbed, r.settings,
         coalesce(jsonb_path_query_array(r.effects, '$[0 to 999]'), '[]') as effects,
         coalesce(jsonb_array_length(r.effects), 0) as effects_total,
         coalesce(r.rows, '{}') as rows
  from app.company_merge, jsonb_to_record(rehearsal) as r (blocks jsonb, visible jsonb,
    to_survivor jsonb, to_absorbed jsonb, settings jsonb, effects jsonb, rows jsonb)
  where id = $1"""


async def merge(tx: Tx, merge_id: UUID) -> Merge:
    """One request of the caller's company, or to it."""
    return await tx.view(Merge, _ONE_MERGE, merge_id)


async def merges(tx: Tx, cursor: str | None, limit: int) -> Page[Merge]:
    """All of them, newest first."""
    return await tx.page(Merge, _MERGES, cursor=cursor, limit=limit)


async def rehearsal(tx: Tx, merge_id: UUID) -> Rehearsal:
    """The latest one. Raises merge-not-rehearsed."""
    if (await tx.one(Merge, _ONE_MERGE, merge_id)).rehearsal_id is None:
        raise Problem("merge-not-rehearsed")
    return await tx.view(Rehearsal, _REHEARSAL, merge_id)


async def leads(
    tx: Tx, merge_id: UUID, side: Side, cursor: str | None, limit: int
) -> Page[NewlyVisible]:
    """The leads behind the numbers of a rehearsal, which the colleagues of a side would newly see.
    Raises not-found where there is no request to see."""
    await tx.one(Merge, _ONE_MERGE, merge_id)
    sql = "select * from app.merge_leads($1, $2, $3, $4)"
    asked = merge_id, side, decode_cursor(cursor), fetched(limit)
    return cut(await tx.rows(NewlyVisible, sql, *asked), limit, "id")

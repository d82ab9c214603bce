"""The SQL of merges. Both companies see a request; what changes goes through functions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, case, literal_column, select, text

from service.database import tables
from service.database.statements import columns, compiled
from service.database.transaction import Tx
from service.domain.merges.messages import Merge, NewlyVisible, Rehearsal, Side, TokenAnswered
from service.vocabulary import Page

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


async def request(
    tx: Tx, side: Side, email: str | None, company_id: UUID | None, execute_at: datetime | None
) -> UUID:
    """Asks; `side` is what the caller's company is to be. Returns the id of the request."""
    return await tx.value(
        UUID, "select app.request_merge($1, $2, $3, $4)", side, email, company_id, execute_at
    )


async def merge(tx: Tx, merge_id: UUID) -> Merge:
    """One request of the caller's company, or to it."""
    return await tx.view(Merge, _ONE_MERGE, merge_id)


async def merges(tx: Tx, cursor: str | None, limit: int) -> Page[Merge]:
    """All of them, newest first."""
    return await tx.page(Merge, _MERGES, cursor=cursor, limit=limit)


async def is_rehearsed(tx: Tx, merge_id: UUID) -> bool:
    """Whether there is a rehearsal; Problem not-found where there is no request to see."""
    found = await tx.one(Merge, _ONE_MERGE, merge_id)
    return found.rehearsal_id is not None


async def rehearsal(tx: Tx, merge_id: UUID) -> Rehearsal:
    """The latest rehearsal."""
    return await tx.view(Rehearsal, _REHEARSAL, merge_id)


async def leads(
    tx: Tx, merge_id: UUID, side: Side, after: UUID | None, limit: int
) -> list[NewlyVisible]:
    """The leads behind the numbers of a rehearsal, by id."""
    return await tx.rows(
        NewlyVisible, "select * from app.merge_leads($1, $2, $3, $4)", merge_id, side, after, limit
    )


def order_rehearsal(tx: Tx, merge_id: UUID) -> None:
    """The worker is to rehearse."""
    tx.do("select app.order_rehearsal($1)", merge_id)


def consent(tx: Tx, merge_id: UUID, rehearsal_id: UUID) -> None:
    """Of the caller's company."""
    tx.do("select app.consent_to_merge($1, $2)", merge_id, rehearsal_id)


def refuse(tx: Tx, merge_id: UUID, reason: str | None) -> None:
    """By the caller's company."""
    tx.do("select app.refuse_merge($1, $2)", merge_id, reason)


async def answer_by_token(tx: Tx, token: str, consent: bool) -> TokenAnswered:
    """By an admin without a log-in."""
    return await tx.view(
        TokenAnswered, "select * from app.answer_merge_by_token($1, $2)", token, consent
    )

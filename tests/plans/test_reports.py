"""What a report reads: the offers of its period, however many came before; nothing is timed."""

from typing import Any

from tests.fixtures.crowd import LEADS, token
from tests.fixtures.database import connected

RECENT = """
insert into app.brokerage (marketplace_id, id, lead_id, operator_company_id, state)
  select marketplace_id, app_private.new_id(), id, operator_company_id, 'placed'
  from app.lead where operator_company_id = $1 order by id limit 50;
"""
OFFERS = """
insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id,
    wave, state, interest, postcode_area, tags, marketplace_name, company_name, expires_at,
    answered_at)
  select b.marketplace_id, app_private.new_id(), b.id, b.lead_id, c.id, b.operator_company_id, 1,
    'declined', 'Dach', '10', '{}', 'M', 'T', now(), now()
  from app.brokerage b, (select id from app.company where id <> $1 order by id limit 3) c
  where b.operator_company_id = $1 and b.state = 'placed'
"""


async def _read(connection: Any, marketplace: Any, since: str) -> tuple[int, int]:
    """Offers that the operator's report counts, and rows of app.offer that were read for it."""
    reads = (
        "select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables"
        " where relid = 'app.offer'::regclass"
    )
    before = await connection.fetchval(reads)
    await connection.execute("set local role kollegium_api")
    counted = await connection.fetchval(
        "select sum(offered) from app.report_takers($1, $2::text::timestamptz, now() +"
        " interval '1 day', null)", marketplace, since,
    )  # fmt: skip
    await connection.execute("reset role")
    return int(counted), await connection.fetchval(reads) - before


async def test_a_report_reads_the_rows_of_its_period(filled: Any) -> None:
    """By the ids, which are ordered by time; the control asks for all times and reads all."""
    async with connected(filled.superuser) as connection:
        transaction = connection.transaction()
        await transaction.start()
        operator = await connection.fetchval(
            "select company_id from app_private.bearer where token_sha256 ="
            " sha256(convert_to($1, 'UTF8'))", token("operator"),
        )  # fmt: skip
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(RECENT, operator)
        await connection.execute(OFFERS, operator)
        marketplace = await connection.fetchval(
            "select id from app.marketplace where operator_company_id = $1", operator
        )
        await connection.fetchval("select true from app.enter($1)", token("operator"))
        counted, read = await _read(connection, marketplace, "yesterday")
        assert counted == 150
        assert read < 1000, read
        counted, read = await _read(connection, marketplace, "1990-01-01")
        assert counted > LEADS // 4
        assert read > LEADS // 4
        await transaction.rollback()

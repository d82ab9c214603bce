"""Three who meet: an offer comes in while its company leaves, and the lead is picked at once.

It takes three to see why a wave is ended by one function, which looks for itself under the lead's
lock: who leaves looked before the rival picked.
"""

import pytest

from tests.locks.acts import ACTS
from tests.locks.conftest import Ring, Seen

OFFERS = "Olga offers to all"
# What conclude_wave was: it believes who calls it.
CREDULOUS = """
    create or replace function app_private.conclude_wave(p_marketplace uuid, p_lead uuid,
      p_at_once boolean default false) returns boolean language plpgsql volatile
    set search_path = pg_catalog, pg_temp as $$
    begin
      if exists (select from app.offer where lead_id = p_lead and state = 'open') then
        return false;
      end if;
      update app.brokerage set state = 'exhausted' where lead_id = p_lead and state = 'open';
      perform app_private.set_state(p_marketplace, p_lead, 'unplaced');
      return true;
    end $$;
    alter table app.lead drop constraint lead_engaged_state;
"""
# And what leaving was: a list of offers, and then lead by lead whatever became of it meanwhile.
ONE_BY_ONE = """
    create or replace function app_private.withdraw_offers(p_marketplace uuid, p_company uuid)
    returns void language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
    declare
      v record;
    begin
      for v in select lead_id from app.offer where company_id = p_company and state = 'open' loop
        assert places.pass('one by one');
        perform app_private.lock_lead(p_marketplace, v.lead_id);
        update app.offer set state = 'withdrawn' where company_id = p_company
          and lead_id = v.lead_id and state = 'open';
        perform app_private.conclude_wave(p_marketplace, v.lead_id);
      end loop;
    end $$;
"""


async def _outcomes(ring: Ring, leaver: str, rival: str) -> tuple[list[Seen], list[Seen]]:
    """What is seen for all pairs of stops of the leaver, and what orders allow."""
    acts = [ACTS[leaver], ACTS[OFFERS], ACTS[rival]]
    seen = []
    for first in range(1, 50):
        for second in range(first + 1, 50):
            met, _, what = await ring.meeting("available", acts, [first, second])
            if met.reached < 2:
                break
            seen.append(what)
            if met.blocked[1] is not None:
                break  # it only holds more from here on
        if not met.reached or met.blocked[0] is not None:
            break
    return seen, await ring.serials("available", acts)


@pytest.mark.parametrize("rival", ["Anna picks", "Olga assigns", "Olga withdraws"])
async def test_who_leaves_undoes_nothing(ring: Ring, rival: str) -> None:
    seen, allowed = await _outcomes(ring, "Klein leaves", rival)
    assert len(seen) > 2
    assert [what for what in seen if what not in allowed] == []


async def test_it_would_be_noticed(ring: Ring) -> None:
    """The control: with a wave that ends because somebody says so, the lead loses its taker."""
    definitions = [
        await ring.stage.superuser.fetchval(
            "select pg_get_functiondef($1::regproc)", f"app_private.{name}"
        )
        for name in ("conclude_wave", "withdraw_offers")
    ]
    try:
        await ring.stage.superuser.execute(CREDULOUS + ONE_BY_ONE)
        seen, allowed = await _outcomes(ring, "Klein leaves", "Anna picks")
        assert [what for what in seen if what not in allowed] != []
    finally:
        for definition in definitions:
            await ring.stage.superuser.execute(definition)

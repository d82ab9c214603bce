"""How a lead's contact data comes in by the API: cleaned as by every door, or refused in words.

A new lead is rather kept than refused: what can be read in two ways stays text among its answers. A
correction that is not sure is refused: it would put nothing in the place of something.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from service.database.transaction import Tx
from service.domain.contact import Cleaned, cleaned
from service.domain.contact.remarks import Noticed, Said
from service.domain.leads import queries
from service.domain.leads.messages import Remark
from service.errors import Problem

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(minutes=5)
_TWO_WAYS = frozenset({"email-ambiguous", "phone-ambiguous", "postcode-ambiguous"})


def drafted(prospect: dict[str, Any], *, submit: bool) -> tuple[dict[str, Any], list[Remark]]:
    """The prospect of a new lead and what was changed. Raises Problem validation-failed where no
    value can be made of a text, contact-missing when it shall be submitted without a sure one.
    """
    found = cleaned(prospect)
    refused = [noticed for noticed in found.unsure if noticed.code not in _TWO_WAYS]
    if refused:
        raise Problem("validation-failed", errors=_errors(refused))
    if submit and found.unsure and not (found.values.get("email") or found.values.get("phone")):
        raise Problem("contact-missing", errors=_errors(found.unsure))
    answers = {**(prospect.get("answers") or {}), **found.answers}
    return {**found.values, "answers": answers}, _told(found)


async def corrected(
    tx: Tx, marketplace_id: UUID, lead_id: UUID, prospect: dict[str, Any]
) -> tuple[dict[str, Any], list[Remark]]:
    """The fields of a correction and what was changed; what is more than a value is under `kept`.
    Raises Problem validation-failed where a text is no sure value.
    """
    if not any(isinstance(prospect.get(field), str) for field in ("email", "phone", "postcode")):
        return prospect, []
    known = None
    if prospect.get("country") is None and (prospect.get("phone") or prospect.get("postcode")):
        known = await queries.whereabouts(tx, marketplace_id, lead_id)
    found = cleaned(prospect, known=msgspec.to_builtins(known) if known else None)
    if found.unsure:
        raise Problem("validation-failed", errors=_errors(found.unsure))
    kept = {"kept": found.answers} if found.answers else {}
    return {**found.values, **kept}, _told(found)


def expect_past(moment: datetime, pointer: str) -> None:
    """Raises Problem validation-failed unless a person may have asked or agreed then."""
    if not _EARLIEST <= moment <= datetime.now(UTC) + _CLOCKS_DIFFER:
        detail = "A time between 2000 and now, please"
        german = "Bitte eine Zeit zwischen 2000 und jetzt"
        error = {"pointer": pointer, "code": "value", "detail": detail, "detail_de": german}
        raise Problem("validation-failed", errors=[error])


def _told(found: Cleaned) -> list[Remark]:
    return [
        Remark(
            pointer=f"/prospect/{noticed.field}",
            code=noticed.code,
            detail=Said(en=noticed.detail_en, de=noticed.detail_de),
        )
        for noticed in found.remarks
    ]


def _errors(noticed: list[Noticed]) -> list[dict[str, str]]:
    return [
        {
            "pointer": f"/prospect/{one.field}",
            "code": one.code,
            "detail": one.detail_en,
            "detail_de": one.detail_de,
        }
        for one in noticed
    ]

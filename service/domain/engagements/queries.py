"""The SQL of engagements."""

from decimal import Decimal
from uuid import UUID

from service.database.transaction import Tx
from service.vocabulary import Versions


def change(
    tx: Tx,
    marketplace_id: UUID,
    lead_id: UUID,
    versions: Versions,
    step: str | None,
    set_handler: bool,
    handler_id: UUID | None,
) -> None:
    """step None stays; the handler is set only when set_handler says so."""
    tx.do(
        "select app.change_engagement($1, $2, $3, $4, $5, $6)",
        marketplace_id,
        lead_id,
        versions,
        step,
        set_handler,
        handler_id,
    )


def close(tx: Tx, marketplace_id: UUID, lead_id: UUID, outcome: str, value: Decimal | None) -> None:
    """won or lost."""
    tx.do("select app.close_engagement($1, $2, $3, $4)", marketplace_id, lead_id, outcome, value)


def reopen(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> None:
    """Takes won or lost back."""
    tx.do("select app.reopen_engagement($1, $2)", marketplace_id, lead_id)

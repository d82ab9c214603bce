"""Why a merge or its undoing is refused, and what to do about it, for staff."""

import contextlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import click

from service.jobs.staff.merges import MergeRefused

TABLES = {"app.offer": "offer", "app.participation": "card", "app.lead": "lead",
          "app.brokerage": "wave", "app.partner_invitation": "invitation"}  # fmt: skip
_BLOCKS = {
    "company-not-active": "{company} is not active any more.",
    "operator-may-not-take": (
        "an operator merges with a taker of its own only where it may take itself: set "
        "operator_may_take of marketplace {marketplace}, or end the participation."
    ),
    "card-too-large": (
        "the card of both for marketplace {marketplace} would have more than 1,000 postcode areas "
        "or 100 tags: shorten one of the two."
    ),
}
_HINDRANCES = {
    "too-late": "it was done more than 30 days ago. A colleague can be split off: "
    "kollegium merge split --help",
    "merged-again": "a company of it has merged since. Undo that first: "
    "kollegium merge undo {merge}",
    "colleague-split-off": "a colleague was split off since (split {split}); the way back for "
    "him is a merge.",
    "no-admin": "one of the two companies would have no admin. Make one of its people an admin "
    "first.",
}


def block_text(block: dict[str, Any]) -> str:
    """What forbids a merge, and what would help."""
    names = {"company": "", "marketplace": "", **block}
    return _BLOCKS[block["reason"]].format(**names)


def _seen(group: dict[str, Any]) -> str:
    return (
        f"{group['leads']} leads on {group['marketplace']}, had as {group['as']}, seen by "
        f"colleagues of the {group['to']}"
    )


def _effect(effect: dict[str, Any]) -> str:
    to = ", ".join(f"{key} {value}" for key, value in effect.get("to", {}).items())
    what = "removed" if effect["kind"] == "collapsed" else f"changed to {to}"
    of = f" of the {effect['of']}" if "of" in effect else ""
    where = effect.get("lead_id") or effect.get("marketplace_id", "")
    return f"{TABLES.get(effect['tab'], effect['tab'])}{of} {what} ({where})"


def _drift_text(merge_id: UUID, drift: dict[str, Any]) -> str:
    """What the merge would do that nobody consented to, and what to do about it."""
    lines = [
        f"{name}: {value['stays']} would stay, {value['goes']} go"
        for name, value in drift.get("settings", {}).items()
    ]
    for before, now, tell in (
        ("not_visible", "visible", _seen),
        ("no_effects", "effects", _effect),
    ):
        for word, key in (("rehearsed", before), ("now", now)):
            found = drift.get(key, [])
            lines += [f"{word}: {tell(one)}" for one in found[:10]]
            lines += [f"{word}: {len(found) - 10} more"] if len(found) > 10 else []
    return (
        "Nothing was changed: the merge would do something else than was consented to.\n  "
        + "\n  ".join(lines)
        + f"\nRehearse it again and ask both sides again: kollegium merge rehearse {merge_id}"
    )


def _sentence(slug: str, merge_id: UUID, detail: dict[str, Any]) -> str | None:
    if slug == "merge-drift":
        return _drift_text(merge_id, detail["drift"])
    if slug == "merge-blocked":
        blocks = "\n  ".join(block_text(block) for block in detail["blocks"])
        return (
            f"Something forbids the merge; nothing was changed.\n  {blocks}\n"
            f"Then rehearse again: kollegium merge rehearse {merge_id}"
        )
    if slug == "merge-consent-expired":
        return (
            "The rehearsal is older than 14 days, and consents to it have expired with it; nothing "
            "was changed.\nRehearse again and ask both sides again: "
            f"kollegium merge rehearse {merge_id}"
        )
    if slug == "merge-state":
        allowed = " or ".join(detail["allowed"])
        return (
            f"The merge is {detail['state']}; for this it has to be {allowed}. How far it is: "
            f"kollegium merge show {merge_id}"
        )
    if slug == "merge-not-undoable":
        return "The merge cannot be undone: " + _HINDRANCES[detail["reason"]].format(**detail)
    return None


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turns refusals whose detail is more than a word into sentences; others go on as the database
    told them."""
    try:
        yield
    except MergeRefused as refused:
        text = _sentence(refused.slug, refused.merge_id, refused.detail)
        if text is None:
            raise refused.cause from None
        raise click.ClickException(text) from refused

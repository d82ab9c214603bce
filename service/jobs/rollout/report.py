"""What a run of `kollegium legacy prove` found, small whatever was proven, and one user's proof."""

import csv
import io
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from service.jobs.rollout import seen
from service.jobs.rollout.comparing import Row
from service.jobs.rollout.proving import Proof
from service.jobs.rollout.totals import Total

LISTED = 1000


class Difference(msgspec.Struct):
    """A row that differs, and whose."""

    legacy_user: int
    company_id: UUID | None
    row: Row


class Report(msgspec.Struct):
    """Counts over all users; the first rows that differ. states: users by state."""

    states: dict[str, int] = {}
    differing_users: int = 0
    before: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(seen.KINDS, 0))
    after: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(seen.KINDS, 0))
    differences: int = 0
    waiting: int = 0
    since_import: int = 0
    listed: list[Difference] = []
    totals: list[Total] = []

    def add(self, proof: Proof) -> None:
        """Counts one proof; lists its differences while there is room."""
        self.states[proof.state] = self.states.get(proof.state, 0) + 1
        self.differing_users += proof.differences > 0
        for kind in seen.KINDS:
            self.before[kind] += proof.before[kind]
            self.after[kind] += proof.after[kind]
        self.differences += proof.differences
        self.waiting += proof.waiting
        self.since_import += proof.since_import
        self.listed += [
            Difference(proof.legacy_user, proof.company_id, row)
            for row in proof.rows
            if row.verdict == "differs" and len(self.listed) < LISTED
        ][: LISTED - len(self.listed)]

    @property
    def disagreeing(self) -> list[Total]:
        """Tables of which rows are neither here nor in quarantine, or whose values differ."""
        return [one for one in self.totals if not one.agrees]

    @property
    def equal(self) -> bool:
        """No row differs, and no table."""
        return not self.differences and not self.disagreeing


def as_json(proof: Proof) -> bytes:
    """One user's proof as a document; rows by kind and number, no personal data."""
    head = {"proven_at": datetime.now(UTC), "rules": "sql/legacy/schema.sql, L1 to L8"}
    document = {**head, **msgspec.to_builtins(proof)}
    return msgspec.json.format(msgspec.json.encode(document)) + b"\n"


def as_csv(proof: Proof) -> bytes:
    """The same, a line for each row."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        ["legacy_user", "kind", "verdict", "legacy_row", "lead_id", "part_id", "fields", "reason"]
    )
    for row in proof.rows:
        writer.writerow(
            [proof.legacy_user, row.what, row.verdict, row.legacy_key, row.lead_id, row.part_id,
             " ".join(row.fields), row.reason]
        )  # fmt: skip
    return text.getvalue().encode()

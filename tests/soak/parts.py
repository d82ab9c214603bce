"""The parts of the soak: which tests a part runs, how much of them, and from which seed."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.locks.acts import ACTS

TESTS = Path(__file__).resolve().parents[1]
Tests = Callable[[int], Sequence[str]]


@dataclass(frozen=True)
class Part:
    """`tests`: what its round of a seed runs; `more`: the variables that make it a long run."""

    what: str
    tests: Tests
    more: Mapping[str, str] = field(default_factory=dict)

    def environment(self, seed: int) -> dict[str, str]:
        """What a round is given besides; any part that is random reads KOLLEGIUM_SEED."""
        return {"KOLLEGIUM_SEED": str(seed), "KOLLEGIUM_SIZES": "whole", **self.more}


def _always(*tests: str) -> Tests:
    return lambda _: tests


def _files(folder: str) -> list[str]:
    return sorted(f"tests/{folder}/{file.name}" for file in (TESTS / folder).glob("test_*.py"))


def _some_pairs(seed: int) -> list[str]:
    """Eight of those who come first; all have had their turn after as many rounds as it takes."""
    names = list(ACTS)
    random.Random(seed).shuffle(names)
    pairs = [f"tests/locks/test_pairs.py::test_pairs[{name}]" for name in names[:8]]
    return [*pairs, "tests/legacy/test_import_pairs.py"]


PARTS = {
    "bulkheads": Part(
        "an uninvolved company's reads beside imports, waiting picks and writers",
        _always("tests/soak/bulkheads.py::test_bulkheads"),
    ),
    "pooler": Part(
        "the same through PgBouncer", _always("tests/soak/bulkheads.py::test_through_a_pooler")
    ),
    "log-in": Part("a right log-in beside two hundred wrong ones", _always("tests/soak/log_in.py")),
    "pairs": Part(
        "every pair of functions about a lead, from every state, at each lock",
        _some_pairs,
        {"KOLLEGIUM_PAIRS": "all"},
    ),
    "three-weeks": Part(
        "three weeks in both systems, imports, merges and proofs in between",
        _always("tests/legacy/test_three_weeks.py"),
        {"KOLLEGIUM_COEXISTING_WORLDS": "1"},
    ),
    "merges": Part(
        "merge and undo in random worlds, and with eight people at work",
        _always("tests/merging/test_identity.py", "tests/merging/test_races.py"),
        {"KOLLEGIUM_MERGE_WORLDS": "2", "KOLLEGIUM_MERGE_SECONDS": "10"},
    ),
    "kills": Part(
        "kills of imports, merges and PostgreSQL",
        _always("tests/legacy/test_kill.py", "tests/merging/test_kills.py"),
        {"KOLLEGIUM_KILLS": "5", "KOLLEGIUM_SERVER_KILLS": "2", "KOLLEGIUM_MERGE_KILLS": "20"},
    ),
    "model": Part(
        "random stories beside an oracle of who sees what",
        _always("tests/policies/test_model.py"),
        {"KOLLEGIUM_MODEL_STEPS": "10000"},
    ),
    "cycle": Part(
        "random transitions over HTTP by everybody, and what all companies read after each",
        _always("tests/cycle/test_cycle.py"),
        {"KOLLEGIUM_CYCLE_STEPS": "10000"},
    ),
    "cancellations": Part(
        "requests cancelled at any moment leave no context",
        _always("tests/policies/test_pooling.py", "tests/postgres/test_lanes.py"),
        {"KOLLEGIUM_CANCELLATIONS": "3000"},
    ),
    "requests": Part(
        "every operation taken at its word, as described and broken",
        _always("tests/http/test_schemathesis.py"),
        {"KOLLEGIUM_EXAMPLES": "6"},
    ),
    "teasers": Part(
        "telephone numbers in every notation and neighbourhood",
        _always("tests/teasers/test_rule.py"),
        {"KOLLEGIUM_TEASERS": "20000"},
    ),
    "waves": Part(
        "waves by two workers that are killed; plans and calendars against an oracle",
        _always(
            "tests/waves/test_wave_kills.py",
            "tests/waves/test_wave_oracle.py",
            "tests/waves/test_calendars.py",
            "tests/waves/test_downtime.py",
        ),
        {"KOLLEGIUM_WAVE_KILLS": "200", "KOLLEGIUM_WAVES": "100", "KOLLEGIUM_CALENDARS": "40"},
    ),
    "webhooks": Part(
        "workers that are killed while they deliver to webhooks",
        _always("tests/webhooks/test_kills.py"),
        {"KOLLEGIUM_WEBHOOK_KILLS": "200"},
    ),
    "screens": Part(
        "every screen of the workbench in all sizes, themes and languages",
        _always(*_files("browser")),
        {"KOLLEGIUM_GRID": "1"},
    ),
    "worlds": Part(
        "what is planned, imported and moved in, in worlds as large as they are meant",
        _always(*_files("plans"), *_files("legacy"), *_files("imports")),
    ),
    "wall": Part(
        "the whole wall on the distribution's oldest patched PostgreSQL",
        _always(*_files("policies")),
        {"KOLLEGIUM_TEST_SERVER": "distribution"},
    ),
}

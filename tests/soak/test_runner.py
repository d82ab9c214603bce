"""The runner of `make soak`: seeds, the first failure, time, and what it writes; no part is run."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.fixtures.database import ROOT
from tests.soak import __main__ as soak
from tests.soak.parts import PARTS

GOAL = {"name": "a goal", "goal": "<= 5", "measured": 2, "met": True}


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Rounds that were run; those of seed 13 fail, those of seed 14 are cut short."""
    seen: list[tuple[str, int]] = []
    names = {id(part): name for name, part in PARTS.items()}

    def run(part: Any, seed: int, figures: Path, _: float) -> tuple[int | None, str]:
        seen.append((names[id(part)], seed))
        with figures.open("a") as out:
            out.write(json.dumps(GOAL) + "\n")
        return {13: 1, 14: None}.get(seed, 0), "the end of its output"

    monkeypatch.setattr(soak, "_pytest", run)
    return seen


def _soak(*arguments: str, evidence: Path) -> tuple[int, str, Any]:
    done = CliRunner().invoke(soak.main, [*arguments, "--evidence", str(evidence)])
    file = evidence / "soak.json"
    return done.exit_code, done.output, json.loads(file.read_text()) if file.exists() else None


def test_it_ends_with_the_first_failure(rounds: list[tuple[str, int]], tmp_path: Path) -> None:
    status, text, kept = _soak("--seed", "11", "pairs", "model", evidence=tmp_path)
    assert status == 1
    assert rounds == [("pairs", 11), ("pairs", 12), ("pairs", 13)]
    assert "pairs: seed 13, FAILED" in text
    assert "the end of its output" in text
    assert 'make soak ARGS="--seed 13 pairs"' in text
    assert (kept["parts"]["pairs"]["seeds"], kept["parts"]["pairs"]["failed"]) == ([11, 12], 13)
    assert "model" not in kept["parts"]


def test_what_is_cut_short_is_no_failure(rounds: list[tuple[str, int]], tmp_path: Path) -> None:
    """Each part has its share; those of an earlier run stay as they were."""
    assert _soak("--seed", "14", "merges", "log-in", evidence=tmp_path)[0] == 0
    assert rounds == [("merges", 14), ("log-in", 14)]
    status, _, kept = _soak("--seed", "14", "teasers", evidence=tmp_path)
    assert status == 0
    assert set(kept["parts"]) == {"merges", "log-in", "teasers"}
    assert kept["goals"] == [GOAL] * 3
    assert kept["parts"]["merges"]["cut short"] == 14


def test_unknown_parts_are_named(tmp_path: Path) -> None:
    status, text, kept = _soak("storms", evidence=tmp_path)
    assert (status, kept) == (2, None)
    assert "bulkheads" in text
    assert _soak("--list", evidence=tmp_path)[1].count("\n") == len(PARTS)


@pytest.mark.parametrize("name", PARTS)
def test_every_part_runs_tests_that_are_there(name: str) -> None:
    for test in PARTS[name].tests(1):
        file, _, function = test.partition("::")
        text = (ROOT / file).read_text("utf-8")
        assert f"def {function.partition('[')[0] or 'test_'}" in text
    for variable in PARTS[name].more:
        assert any(
            variable in path.read_text("utf-8")
            for path in (ROOT / "tests").rglob("*.py")
            if path.parent.name != "soak"
        ), variable

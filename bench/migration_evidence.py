"""docs/evidence/migration.json: the figures of the migration and of merging, goal by goal.

Several benchmarks write into the file; each replaces the goals of its own names and keeps the
others.
"""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[1] / "docs" / "evidence" / "migration.json"


def goal(name: str, wanted: str, measured: str, *, met: bool) -> dict[str, Any]:
    """One goal as the file holds it."""
    return {"name": name, "goal": wanted, "measured": measured, "met": met}


def write(goals: list[dict[str, Any]], file: Path = FILE) -> None:
    """Replaces goals by name, keeps the others, and sorts nothing."""
    kept = json.loads(file.read_text("utf-8"))["goals"] if file.exists() else []
    new = {one["name"]: one for one in goals}
    merged = [new.pop(one["name"], one) for one in kept] + list(new.values())
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"goals": merged}, indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")

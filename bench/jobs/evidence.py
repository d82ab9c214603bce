"""docs/evidence/jobs.json: `{"goals": [{"name", "goal", "measured", "met"}]}`.

Each benchmark owns the goals whose names begin with its section, such as `import: …` or `merge: …`,
and leaves those of the others alone.
"""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[2] / "docs" / "evidence" / "jobs.json"


def goal(section: str, name: str, wanted: str, measured: float | str, met: bool) -> dict[str, Any]:
    """One goal with its figure."""
    return {"name": f"{section}: {name}", "goal": wanted, "measured": measured, "met": met}


def record(section: str, goals: list[dict[str, Any]], file: Path = FILE) -> None:
    """Replaces the goals of a section in the file and keeps the rest."""
    kept = json.loads(file.read_text("utf-8"))["goals"] if file.exists() else []
    kept = [one for one in kept if not one["name"].startswith(f"{section}: ")]
    ordered = sorted([*kept, *goals], key=lambda one: str(one["name"]).partition(":")[0])
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"goals": ordered}, indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")

"""docs/access.md: each question is put with psql as kollegium_auditor, and answered as it says.

KOLLEGIUM_GOLDEN=write writes the answers anew.
"""

import os
import re
from pathlib import Path

from tests.fixtures.database import ROOT, NewDatabase, Urls, connected
from tests.fixtures.programs import psql
from tests.fixtures.world import World

PAGE = ROOT / "docs" / "access.md"
BLOCK = re.compile(r"```(sql|sql-hole)\n(.*?)```\n```\n(.*?)```", re.DOTALL)
HOLE = "alter policy select_party on app.prospect using (true)"
NEXT = "-- next --"


def _answers(urls: Urls, questions: list[str], variables: dict[str, str], file: Path) -> list[str]:
    sets = [f"\\set {name} '{value}'" for name, value in variables.items()]
    file.write_text(f"\n\\echo {NEXT}\n".join(["\n".join(sets), *questions]), "utf-8")
    done = psql(urls.auditor, file)
    assert done.returncode == 0, done.stderr
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    return [part.strip("\n") + "\n" for part in "\n".join(lines).split(NEXT)[1:]]


async def test_the_page_tells_what_psql_answers(
    new_database: NewDatabase, world_template: tuple[str, World], tmp_path: Path
) -> None:
    name, world = world_template
    page = PAGE.read_text("utf-8")
    blocks = BLOCK.findall(page)
    assert len(blocks) == 5
    async with new_database(name) as urls, connected(urls.superuser) as superuser:
        moment = await superuser.fetchval(
            "select max(answered_at) - interval '1 microsecond' from app.offer where lead_id = $1",
            world.leads["engaged"],
        )
        variables = {
            "marketplace": world.nord_id, "lead": world.leads["engaged"], "klein": world.klein.id,
            "stranger": world.fremd.id, "moment": moment.isoformat(),
        }  # fmt: skip
        named = {key: str(value) for key, value in variables.items()}
        plain = [question for kind, question, _ in blocks if kind == "sql"]
        answers = _answers(urls, plain, named, tmp_path / "ask.sql")
        await superuser.execute(HOLE)
        hole = [question for kind, question, _ in blocks if kind == "sql-hole"]
        answers += _answers(urls, hole, named, tmp_path / "hole.sql")
    told = iter(answers)
    fresh = BLOCK.sub(lambda m: f"```{m[1]}\n{m[2]}```\n```\n{next(told)}```", page)
    if os.environ.get("KOLLEGIUM_GOLDEN") == "write":
        PAGE.write_text(fresh, "utf-8")
    assert PAGE.read_text("utf-8") == fresh, "KOLLEGIUM_GOLDEN=write pytest tests/access"

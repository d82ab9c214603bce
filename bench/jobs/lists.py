"""A list of leads: how it is read, and how its rows go in, together and one by one.

    python -m bench.jobs.lists [--rows 100000] [--steps 200] [--dry-run]

1. A CSV and an XLSX of that many rows (invented people, ten columns) are read, each in a process of
   its own (Linux): seconds, and its peak of memory beside one that only loads the same modules.
2. A server of its own with a durable disk. Steps of the worker (50 rows, one transaction) in rounds
   of both ways in turn, in a marketplace that accepts and one that also offers by itself: rows a
   second.
"""

import argparse
import asyncio
import csv
import io
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

from bench.jobs.evidence import goal, record
from bench.jobs.imports import _server
from service.domain.exports.workbooks import Workbook
from tests.fixtures.database import _set_passwords, connected, migrate, urls_for
from tests.fixtures.world import build_world

RATIO, MEGABYTES = 3.0, 150
HEAD = ("Vorname", "Nachname", "Straße", "PLZ", "Ort", "Telefon", "E-Mail", "Anliegen",
        "Einwilligung", "Bemerkung")  # fmt: skip
ONE_BY_ONE = """
create or replace function app_private.import_together(
  p_import app.lead_import, p_caller app.caller, p_rows jsonb)
returns setof app.lead_import_row language sql volatile set search_path = pg_catalog, pg_temp
as $$ select i.* from jsonb_array_elements(p_rows) with ordinality e (line, n),
  app_private.import_row(p_import, p_caller, e.line) i order by e.n $$"""
READ = r"""
import re, sys
from pathlib import Path
from service.domain.imports import apart
if len(sys.argv) > 1:
    path = Path(sys.argv[1])
    apart.read_here(apart.File(path.read_bytes(), path.name, None, [], None, None, False))
print(int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""


def people(rows: int) -> Any:
    """The header and that many persons."""
    yield HEAD
    for n in range(rows):
        yield (
            f"Petra{n % 977}", f"Muster{n}", f"Am Brunnen {n % 90}", f"{10115 + n % 80}", "Berlin",
            f"+49 30 {20_000_000 + n}", f"petra.muster{n}@post.example", "Wärmepumpe für ein Haus",
            "ja", "bitte nach 17 Uhr anrufen",
        )  # fmt: skip


def as_csv(rows: int) -> bytes:
    """As a file with semicolons."""
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\n").writerows(people(rows))
    return text.getvalue().encode()


def as_workbook(rows: int, path: Path) -> None:
    """As a spreadsheet with one sheet."""
    head, *rest = people(rows)
    book = Workbook("Leads", head)
    path.write_bytes(book.add(rest) + book.end())


def reading(rows: int) -> dict[str, tuple[float, float]]:
    """Of each kind of file the seconds, and the megabytes beyond those of the modules."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "leads.csv").write_bytes(as_csv(rows))
        as_workbook(rows, Path(folder) / "leads.xlsx")
        for file in (None, "leads.csv", "leads.xlsx"):
            began = time.monotonic()
            job = [sys.executable, "-c", READ, *([str(Path(folder) / file)] if file else [])]
            said = subprocess.run(job, check=True, capture_output=True, text=True).stdout
            found[file or "nothing"] = (time.monotonic() - began, float(said.split()[-1]))
    return found


async def writing(rows: int, steps: int) -> dict[str, list[float]]:
    """Rows a second of each round, by what the marketplace does and by the way they go in."""
    from service.domain.imports import apart

    prepared = apart.read_here(apart.File(as_csv(rows), "leads.csv", None, [], None, None, False))
    found: dict[str, list[float]] = {}
    with _server(None) as server:
        root = await asyncpg.connect(server.superuser_url)
        await root.execute("create database lists template template0")
        await root.close()
        urls = urls_for(server.superuser_url, "lists")
        await migrate(urls.superuser)
        await _set_passwords(server.superuser_url)
        async with (
            connected(urls.api) as api,
            connected(urls.staff) as staff,
            connected(urls.worker) as worker,
            connected(urls.superuser) as superuser,
        ):
            world = await build_world(api, staff, worker, superuser)
            together = await superuser.fetchval(
                "select pg_get_functiondef('app_private.import_together'::regproc)"
            )
            async with api.transaction():
                await api.fetchrow("select * from app.enter($1)", world.gerd.token)
                made = await api.fetchval(
                    "select app.start_import($1, $2, 0)", world.nord_id, prepared.report
                )
                for number, chunk in enumerate(prepared.chunks):
                    await api.execute(
                        "select app.add_import_chunk($1, $2, $3, $4::text::jsonb)",
                        *(world.nord_id, made, number, chunk),
                    )
            for offers in (False, True):
                await superuser.execute(
                    "update app.marketplace set auto_accept = true, auto_offer = $2 where id = $1",
                    *(world.nord_id, offers),
                )
                for _ in range(5):
                    for way, body in (("one by one", ONE_BY_ONE), ("together", together)):
                        await superuser.execute(body)
                        began = time.monotonic()
                        for _ in range(steps // 20):
                            assert await worker.fetchval(
                                "select app.work_on_import($1, $2)", world.nord_id, made
                            )
                        took = time.monotonic() - began
                        name = f"{'accepts and offers' if offers else 'accepts'}, {way}"
                        found.setdefault(name, []).append(steps // 20 * 50 / took)
    return found


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--only", choices=("reading", "writing"))
    parser.add_argument("--dry-run", action="store_true", help="print, and write no file")
    options = parser.parse_args()
    goals = []
    if options.only != "writing":
        memory = reading(options.rows)
        for file in ("leads.csv", "leads.xlsx"):
            seconds, peak = memory[file]
            print(f"{file}: {seconds:.1f} s, {peak:.0f} MB ({memory['nothing'][1]:.0f} MB before)")
            goals.append(goal("list",
                              f"peak memory of reading {file[6:]}, {options.rows:,} rows, MB",
                              f"<= {MEGABYTES}", round(peak, 1), peak <= MEGABYTES))  # fmt: skip
    if options.only != "reading":
        paced = asyncio.run(writing(min(options.rows, options.steps * 60), options.steps))
        for name, rounds in paced.items():
            print(f"{name}: {', '.join(f'{pace:,.0f}' for pace in rounds)} rows a second")
        for market in ("accepts", "accepts and offers"):
            ways = (paced[f"{market}, together"], paced[f"{market}, one by one"])
            pairs = zip(*ways, strict=True)
            ratio = round(statistics.median(a / b for a, b in pairs), 2)
            name = f"rows a second, together to one by one, a marketplace that {market}"
            goals.append(goal("list", name,
                              f">= {RATIO}", ratio, ratio >= RATIO))  # fmt: skip
    for one in goals:
        verdict = "met" if one["met"] else "MISSED"
        print(f"{verdict:6} {one['name']}: {one['measured']} ({one['goal']})")
    if not options.dry_run:
        record("list", goals)


if __name__ == "__main__":
    main()

"""`kollegium legacy cut-over`: the end of the former system."""

from pathlib import Path

import click

from service.commands.connections import connected
from service.commands.output import console, data_dir_option, json_option, print_json, run


@click.command("cut-over")
@click.option("--dry-run", is_flag=True, help="Show how things stand, and change nothing.")
@json_option
@data_dir_option
def cut_over(dry_run: bool, as_json: bool, data_dir: Path) -> None:
    """Declare that nobody works in the former system any more.

    From then on an import overwrites nothing here; rows that wait in quarantine can still come over
    (`kollegium legacy retry`). Open offers of the former system that are overdue expire with it,
    and leads without another open one are unplaced; nobody gets a mail for that. There is no way
    back. Run a last import before it.
    """

    async def work() -> dict[str, object]:
        async with connected("staff", data_dir) as connection:
            if not dry_run:
                await connection.execute("select app.legacy_end_the_former_system()")
            return dict(await connection.fetchrow("select * from app.legacy_progress()") or {})

    state = run(work())
    if as_json:
        print_json(state)
        return
    console.print(
        f"{state['users']} users and {state['leads']} leads are here, "
        f"{state['waiting']} findings wait."
    )
    if state["cut_over_at"] is None:
        console.print("The former system still leads: imports bring its changes over.")
        if state["overdue"]:
            console.print(
                f"Offers of {state['overdue']} leads are overdue: the cut-over ends them."
            )
    else:
        console.print(f"Cut over at {state['cut_over_at']}: nothing of it overwrites a row here.")

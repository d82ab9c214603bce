"""`kollegium worker`: runs the jobs of `service/jobs/worker`."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import structlog
from rich.table import Table

from service import logs
from service.commands import connections
from service.commands.output import console, data_dir_option, json_option, print_json, run
from service.database.drift import watching
from service.database.logins import NoLogin, Source, Unreachable, become, log_in
from service.jobs.mail import delivery
from service.jobs.mail.relay import RelayDown
from service.jobs.worker import loop
from service.jobs.worker.loop import JOBS, Connect, Hopeless, Job, Worker
from service.settings import SettingMissing

log = structlog.get_logger()

# What `--once` calls what it did.
_TOLD = {
    "offers": "expired_leads",
    "waves": "ended_waves",
    "last-calls": "last_calls",
    "returns": "decided_returns",
    "comebacks": "offered_again",
    "hand-backs": "handed_back",
    "names": "printed_names",
    "reminders": "reminders",
    "mails": "addressed",
    "delivery": "mails_sent",
    "webhooks": "webhooks_delivered",
    "drift": "drift_findings",
    "meta-leads": "leads_fetched",
    "pushes": "pushes_sent",
    "merges": "merges",
    "imports": "imports",
    "consents": "consents",
    "purge": "purged_rows",
    "holidays": "written_holidays",
}


def connector(source: Source) -> Connect:
    """Opens connections as kollegium_worker."""

    async def connect() -> Any:
        try:
            connection = await log_in(source)
            try:
                await become(connection, "worker", source)
            except BaseException:
                await connection.close(timeout=5)
                raise
        except Unreachable as error:
            raise ConnectionError(str(error)) from error
        except NoLogin as error:
            raise Hopeless(str(error)) from error
        return connection

    return connect


async def working(connect: Connect, stop: asyncio.Event, jobs: Sequence[Job] = JOBS) -> None:
    """Runs the jobs until `stop` is set. Raises ClickException for what waiting cannot cure."""
    try:
        await Worker(connect, stop, jobs).run()
    except Hopeless as error:
        raise click.ClickException(str(error)) from error


def jobs_that_go_out(networks: str) -> list[Job]:
    """The jobs, the look at the wall, and those that speak to others: delivery to webhooks, leads
    of Meta, pushes where there is a key for them; also in these networks. Raises SettingMissing."""
    from service.jobs.meta.fetching import fetching  # these bring an HTTP client
    from service.jobs.push.delivery import pushing
    from service.jobs.webhooks.delivery import delivering

    deliver, fetch = delivering(networks).work, fetching(networks).work
    jobs = [
        *JOBS,
        Job("drift", "wall_looked_at", watching.PERIOD, 60, watching.work),
        Job("webhooks", "webhooks_delivered", 0.5, 900, deliver, slots=4),
        Job("meta-leads", "leads_fetched", 1, 300, fetch, slots=2),
    ]
    named = pushing(networks)
    return jobs if named is None else [*jobs, Job("pushes", "pushes_sent", 1, 300, named.work, 2)]


def _jobs_here() -> list[Job]:
    """All jobs; delivery of mails where a mail server is named. Raises SettingMissing."""
    jobs = jobs_that_go_out(os.environ.get("KOLLEGIUM_WEBHOOK_ALLOWED_NETWORKS", ""))
    named = delivery.from_environment()
    if named is None:
        return jobs
    return [*jobs, Job("delivery", "mails_sent", 2, 900, named.work, slots=4)]


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, report it, and end.")
@click.option("--status", is_flag=True, help="Show how the jobs are, and end.")
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    default=0,
    envvar="KOLLEGIUM_WORKER_METRICS_PORT",
    help="Port of /metrics; 0 for none. Default: KOLLEGIUM_WORKER_METRICS_PORT, else none.",
)
@click.option(
    "--metrics-host",
    default="127.0.0.1",
    show_default=True,
    help="Address of /metrics; keep it inside.",
)
@json_option
@data_dir_option
def worker(
    once: bool,
    status: bool,
    metrics_port: int,
    metrics_host: str,
    as_json: bool,
    data_dir: Path,
) -> None:
    """Run the jobs: overdue offers expire, what is for a company becomes mails to its colleagues,
    mails are sent, webhooks are told, leads are fetched from Meta, due merges are rehearsed and
    run, large files are imported, old sessions and answers are removed.

    Connects with DATABASE_WORKER_URL, else with DATABASE_URL and SET ROLE kollegium_worker. Runs
    until SIGTERM or Ctrl-C; when the database is away it tries again, at most every 30 s. Several
    workers share the jobs: each has a lease, which another takes over when its worker is gone.

    Mails go to the server of KOLLEGIUM_SMTP_URL, from KOLLEGIUM_MAIL_FROM; without it they wait
    (`kollegium mails` shows them).
    """
    connect = connector(connections.find("worker", data_dir))
    try:
        if status:
            _show(run(_jobs(connect)), as_json)
        elif once:
            _report(run(loop.once(connect, _jobs_here())), as_json)
        else:
            logs.configure(os.environ.get("KOLLEGIUM_LOG_LEVEL", "info"))
            run(_work(connect, _jobs_here(), metrics_host, metrics_port))
    except RelayDown as error:
        raise click.ClickException(f"The mail server takes no mail: {error}.") from error
    except (Hopeless, ConnectionError, SettingMissing) as error:
        raise click.ClickException(str(error)) from error


async def _work(connect: Connect, jobs: Sequence[Job], host: str, port: int) -> None:
    from service.commands import serving

    stop = asyncio.Event()
    serving.stop_on_signals(stop)
    log.info("working", sends_mail=any(job.name == "delivery" for job in jobs))
    with serving.metrics(host, port):
        await working(connect, stop, jobs)
    log.info("stopped")


async def _jobs(connect: Connect) -> list[dict[str, Any]]:
    connection = await connect()
    try:
        return [dict(row) for row in await connection.fetch("select * from app.jobs()")]
    finally:
        await connection.close(timeout=5)


def _show(jobs: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(jobs)
        return
    table = Table("job", "running", "last success", "took", "failures since", "waiting", box=None)
    for job in jobs:
        ended, took, waiting = job["succeeded_at"], job["seconds"], job["backlog"]
        table.add_row(
            job["name"],
            "yes" if job["running"] else "",
            f"{ended:%Y-%m-%d %H:%M:%S} UTC" if ended else "never",
            f"{took:.2f} s" if took is not None else "",
            f"{job['failures']} ({job['failure']})" if job["failures"] else "",
            "" if waiting is None else str(waiting),
        )
    console.print(table)


def _report(done: dict[str, int], as_json: bool) -> None:
    told = {_TOLD[name]: count for name, count in done.items()}
    if as_json:
        print_json(told)
        return
    console.print(
        f"Offers of {told['expired_leads']} leads expired, "
        f"{told['ended_waves']} waves ended, "
        f"names printed on {told['printed_names']} leads, "
        f"{told['addressed']} rows of the outbox addressed, "
        f"{told['webhooks_delivered']} webhooks told, "
        f"{told['leads_fetched']} leads fetched, "
        + (f"{told['mails_sent']} mails sent, " if "mails_sent" in told else "")
        + (f"{told['pushes_sent']} pushes sent, " if "pushes_sent" in told else "")
        + f"{told['reminders']} reminders written, "
        f"{told['handed_back']} leads handed back, "
        f"{told['merges']} merges worked on, "
        f"imports went on in {told['imports']} steps and consents in {told['consents']}, "
        f"{told['purged_rows']} old rows removed, "
        f"{told['drift_findings']} things found that are not as sql/ says."
    )

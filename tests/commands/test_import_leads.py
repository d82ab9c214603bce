"""`kollegium import-leads`: what POST /imports does, from a shell."""

from pathlib import Path
from typing import Any

from tests.fixtures.commands import found, kollegium
from tests.fixtures.database import ROOT, NewDatabase, as_bearer, connected
from tests.fixtures.world import PASSWORD

FILE = str(ROOT / "examples" / "meta-lead-ads.csv")


async def test_import_leads(new_database: NewDatabase, world_template: Any) -> None:
    template, world = world_template
    async with new_database(template) as urls:
        # A superuser's URL: the command must become kollegium_api, whom row security binds.
        env = {"DATABASE_URL": urls.superuser}
        command = ["import-leads", FILE, "--marketplace", str(world.nord_id), "--json"]
        as_gerd = [*command, "--as-email", "gerd@geber.example", "--consent"]

        rehearsed = found(kollegium(*as_gerd, "--dry-run", stdin=PASSWORD, env=env))
        first = found(kollegium(*as_gerd, stdin=PASSWORD, env=env))
        second = found(kollegium(*as_gerd, stdin=PASSWORD, env=env))
        counts = [
            (r["imported"], r["duplicates"], r["refused"]) for r in (rehearsed, first, second)
        ]
        assert counts == [(37, 1, 2), (37, 1, 2), (0, 38, 2)]
        assert len(first["rows"]) == 40

        taker = kollegium(*command, "--as-email", "fritz@fremd.example", stdin=PASSWORD, env=env)
        assert taker.returncode == 1
        assert "There is no marketplace" in taker.stderr
        wrong = kollegium(*command, "--as-email", "gerd@geber.example", stdin="falsch", env=env)
        assert "E-mail or password is wrong" in wrong.stderr
        key = kollegium(*command, "--api-key-stdin", stdin="kgk_unknown", env=env)
        assert key.returncode == 1
        assert "token" in key.stderr


MAPPING = 'name = "messe"\n[columns]\nname = "Wer"\nemail = "Mailkontakt"\ninterest = "Wunsch"\n'


async def test_a_mapping_that_the_company_keeps_is_taken(
    new_database: NewDatabase, world_template: Any, tmp_path: Path
) -> None:
    file = tmp_path / "messe.csv"
    file.write_text("Wer|Mailkontakt|Wunsch\nAda|ada@post.example|Dach\n")
    template, world = world_template
    async with new_database(template) as urls:
        command = ["import-leads", str(file), "--marketplace", str(world.nord_id), "--json"]

        def sent(email: str, *more: str) -> Any:
            arguments = (*command, "--as-email", email, *more)
            return kollegium(*arguments, stdin=PASSWORD, env={"DATABASE_URL": urls.superuser})

        unknown = sent("gerd@geber.example")
        assert unknown.returncode == 1
        assert "A mapping to begin with" in unknown.stderr
        async with connected(urls.api) as api, as_bearer(api, world.gerd.token):
            await api.execute("select app.save_mapping('messe', $1)", MAPPING)
        kept = found(sent("gerd@geber.example", "--consent"))
        assert (kept["format"], kept["imported"]) == ("messe", 1)
        # Another company's is its own; one that is given goes first.
        assert sent("olga@nord.example").returncode == 1
        given = tmp_path / "given.toml"
        given.write_text(MAPPING.replace("messe", "given"))
        assert found(sent("gerd@geber.example", "--mapping", str(given)))["format"] == "given"


def test_who_imports_must_be_said() -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    done = kollegium("import-leads", FILE, "--marketplace", nobody)
    assert done.returncode == 2
    assert "--as-email" in done.stderr

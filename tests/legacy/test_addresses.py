"""One spelling of an address decides in plan, import, log-in and `set-password`: who comes over can
log in, and two spellings of one address are one."""

import unicodedata

import pytest

from service.vocabulary import address_of
from tests.fixtures.commands import kollegium
from tests.fixtures.database import Urls, connected
from tests.fixtures.http import from_address, log_in, running
from tests.legacy.system import PASSWORD, imported, planned

DECOMPOSED = unicodedata.normalize("NFD", "jörg@huber.example")
# Two spellings that people use for one mailbox.
TWINS = [
    ("anna@bücher.example", "anna@xn--bcher-kva.example"),
    ("anna@BÜCHER.example", "Anna@XN--BCHER-KVA.EXAMPLE"),
    ("jörg@huber.example", DECOMPOSED),
    ("JÖRG@huber.example", DECOMPOSED.upper()),
    ("anna@huber.example", " anna@HUBER.example "),
    ("anna@huber.example", "anna@ｈｕｂｅｒ.example"),
    ("anna@huber.example", "anna@huber。example"),
]
# What the log-in refuses can never log in.
REFUSED = [
    "anna", "anna@", "@huber.example", "anna@huber", "anna@huber..example", "a..na@huber.example",
    ".anna@huber.example", "anna@huber.local", "anna@localhost", "anna@huber.invalid",
    "anna@[127.0.0.1]", '"an na"@huber.example', "an na@huber.example", "anna@hu_ber.example",
    "anna\u200b@huber.example", "anna@huber\u200b.example", "an\u00adna@huber.example",
    "anna\u0001@huber.example", "anna\u202e@huber.example", "anna\t@huber.example",
    "Anna <anna@huber.example>", "anna@huber.example, ben@huber.example", "a@b@huber.example",
    "mailto:anna@huber.example", "anna@xn--a.example", "anna@-huber.example",
    "a" * 250 + "@huber.example", "anna@" + "x" * 64 + ".example", "", " ",
]  # fmt: skip


@pytest.mark.parametrize("spelling", [one for pair in TWINS for one in pair])
def test_the_one_spelling_of_an_address_is_its_own(spelling: str) -> None:
    spelt = address_of(spelling)
    assert spelt is not None
    assert address_of(spelt) == spelt == spelt.lower()


async def test_twins_are_found_as_shared(clean: Urls) -> None:
    async with connected(clean.superuser) as superuser:
        for one, other in TWINS:
            await superuser.execute(
                "update legacy.users set email = case id when 3 then $1 else $2 end "
                "where id in (3, 4)", one, other,
            )  # fmt: skip
            found = {f.reason: f.first_keys for f in (await planned(clean)).findings}
            assert found.get("email-shared") == ["3", "4"], (one, other)


async def test_what_the_log_in_refuses_waits(clean: Urls) -> None:
    """The control stands beside each: Ben's address is fine, and he comes over."""
    async with connected(clean.superuser) as superuser:
        for place, address in enumerate(REFUSED):
            assert address_of(address) is None, address
            await superuser.execute(
                """insert into legacy.users select $1, $2, password_hash, first_name, last_name,
                   company_name, vat_id, phone, language, created_at, updated_at, null
                   from legacy.users where id = 4""", 100 + place, address,
            )  # fmt: skip
        outcome = await imported(clean)
        rows = await superuser.fetch(
            "select legacy_key::int, reason from app_private.legacy_quarantine order by 1"
        )
    assert [tuple(row) for row in rows] == [
        (100 + place, "email-unusable") for place in range(len(REFUSED))
    ]
    assert outcome.created["users"] == 5


async def test_who_comes_over_logs_in_with_either_spelling(clean: Urls) -> None:
    people = {3: TWINS[0], 4: (DECOMPOSED, "Jörg@HUBER.example")}
    async with connected(clean.superuser) as superuser:
        for user, (_, written) in people.items():
            query = "update legacy.users set email = $2 where id = $1"
            await superuser.execute(query, user, written)
    found = {f.reason: f.first_keys for f in (await planned(clean)).findings}
    assert found["email-respelt"] == ["3"]
    assert found["email-lower-case"] == ["4"]
    await imported(clean)
    async with running(clean.api) as app, from_address(app) as client:
        for spellings in people.values():
            for spelling in spellings:
                person = await log_in(client, spelling, PASSWORD)
                assert (await person.get("/me")).status_code == 200
    environment = {"DATABASE_STAFF_URL": clean.staff}
    arguments = ("legacy", "set-password", "--email", TWINS[0][1], "--password-stdin")
    done = kollegium(*arguments, env=environment, stdin="Ein neues Passwort\n")
    assert done.returncode == 0, done.stderr
    async with running(clean.api) as app, from_address(app) as client:
        await log_in(client, TWINS[0][0], "Ein neues Passwort")


async def test_an_address_that_is_taken_here_in_another_spelling_waits(clean: Urls) -> None:
    async with connected(clean.superuser) as superuser:
        await superuser.execute("update legacy.users set email = $1 where id = 3", TWINS[0][0])
        await imported(clean)
        await superuser.execute("update legacy.users set email = 'a@a.example' where id = 3")
        await superuser.execute(
            "update app.colleague set version = version + 1 where email = $1", TWINS[0][0]
        )
        await superuser.execute("update legacy.users set email = $1 where id = 4", TWINS[0][1])
        found = {f.reason: f.first_keys for f in (await planned(clean)).findings}
    assert found["email-taken"] == ["4"]

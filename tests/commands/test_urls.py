"""URLs of databases are read once, and written so that every driver reads the same."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import pytest

from service.commands.connections import plain_url
from service.database import urls
from service.database.wire.login import address

ODD = {
    "slash": "a/b",
    "hash": "a#b",
    "question": "a?b",
    "colon": "a:b",
    "percent": "50%25",
    "space": "a b",
    "umlaut": "Grün",
}


@pytest.mark.parametrize("given", ODD.values(), ids=ODD)
def test_an_odd_password_means_the_same_to_all(given: str) -> None:
    plain = urls.plain(f"postgresql+asyncpg://anna:{given}@db.example:6000/kollegium")
    parts = urlsplit(plain)  # as asyncpg reads it
    wanted = unquote(given)
    assert (parts.username, unquote(parts.password or ""), parts.hostname, parts.port) == (
        *("anna", wanted, "db.example", 6000),
    )
    assert urls.password_of(plain) == address(plain).password == wanted
    assert urls.plain(plain) == plain
    assert wanted not in urls.without_password(plain)


USUAL = [
    f"{scheme}://{login}{host}{port}{path}"
    for scheme in ("postgres", "postgresql")
    for login in ("", "anna@", "kollegium_api:a-B_9.~@")
    for host in ("db.example", "127.0.0.1", "10.0.0.7-b")
    for port in ("", ":5432", ":0", ":70000")
    for path in ("", "/kollegium", "/kgt_1_2")
]


def test_a_usual_url_is_read_as_sqlalchemy_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two ways, one meaning."""

    def outcome(url: str) -> object:
        try:
            return urls.read(url), urls.plain(url)
        except ValueError as error:
            return str(error)

    assert [url for url in USUAL if not urls._USUAL.fullmatch(url)] == []
    short = [outcome(url) for url in USUAL]
    monkeypatch.setattr(urls, "_USUAL", re.compile("nothing is usual"))
    assert [outcome(url) for url in USUAL] == short


def test_what_all_do_not_read_alike_is_not_usual() -> None:
    for odd in ("anna:x@h/db?sslmode=require", "anna:%20@h/d", "a@[::1]/d", "/d", "a@h/", "a:@h"):
        assert not urls._USUAL.fullmatch(f"postgresql://{odd}"), odd


def test_addresses_sockets_and_settings_stay() -> None:
    socket = "postgresql://anna@/db?host=/run/pg&port=6000"
    assert urls.plain(socket) == socket
    assert address(socket).socket == "/run/pg/.s.PGSQL.6000"
    assert address(urls.plain("postgres://anna:x@[::1]:6000/db")).host == "::1"
    assert address("postgresql://anna@h").database == "anna"
    # To libpq a plus is a plus: a space is %20 everywhere.
    url = urls.with_setting("postgresql://h/db?options=-c%20jit%3Doff", "role", "kollegium_api")
    assert url == "postgresql://h/db?options=-c%20jit%3Doff&role=kollegium_api"
    assert address(url).settings == {"options": "-c jit=off", "role": "kollegium_api"}


def test_another_login_or_database_is_the_same_server() -> None:
    url = "postgresql://anna:x@h:6000/db?sslmode=require&user=ben&password=y&passfile=/z"
    other = urls.with_login(url, "kollegium_api", "a/b@c")
    assert other == "postgresql://kollegium_api:a%2Fb%40c@h:6000/db?sslmode=require"
    assert urls.with_database(other, "a?b/c%").endswith("@h:6000/a%3Fb%2Fc%25?sslmode=require")
    assert urls.database_of(urls.with_database(other, "a?b/c%")) == "a?b/c%"


def test_no_password_is_shown_wherever_it_stands() -> None:
    shown = urls.without_password("postgresql://anna:geheim@h/db?password=geheim&sslmode=require")
    assert shown == "postgresql://anna@h/db?sslmode=require"


@pytest.mark.parametrize(
    "url",
    [
        "geheim",
        "mysql://anna:geheim@h/db",
        "postgresql://anna:geheim@h:geheim/db",
        "postgresql://anna:geheim@h:70000/db",
        "postgresql://anna:geheim@one:5432,two:5432/db",
    ],
)
def test_what_is_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(click.ClickException) as refused:
        plain_url(url)
    assert "postgresql://user:password@host:5432/database" in refused.value.message
    assert "geheim" not in refused.value.message
    with pytest.raises(ValueError, match="looks like"):
        address(url)


def test_there_is_one_parser_of_urls() -> None:
    service = Path(urls.__file__).parents[1]
    own = {
        str(file.relative_to(service))
        for file in service.rglob("*.py")
        if any(word in file.read_text("utf-8") for word in ("urlsplit", "urlparse", "make_url"))
    }
    # Of databases, of the mail server, of who receives webhooks.
    assert own == {"database/urls.py", "jobs/mail/relay.py", "outgoing/addresses.py"}

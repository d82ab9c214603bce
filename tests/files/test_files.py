"""Files of leads: internal like notes, shared like messages; whole or not at all."""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from service.database.wire import PostgresError
from service.domain.files.storing import STORE
from service.web.edge import Edge
from tests.fixtures.database import as_bearer, connected, waiting_for_locks
from tests.fixtures.http import Person, from_address, running
from tests.fixtures.market import Market, slug

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"\0" * 60
JPEG = bytes.fromhex("ffd8ffe000104a46494600") + b"\0" * 60
WEBP = b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 40
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40
OOXML = "application/vnd.openxmlformats-officedocument"


def zipped(*names: str, **contents: str) -> bytes:
    """An archive with these entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
        for name in names:
            archive.writestr(name, "<x/>")
    return buffer.getvalue()


DOCX = zipped("[Content_Types].xml", "word/document.xml")
XLSX = zipped("[Content_Types].xml", "xl/workbook.xml", "xl/printerSettings/p1.bin")
ODT = zipped("content.xml", mimetype="application/vnd.oasis.opendocument.text")


async def put(
    who: Person, path: str, content: bytes = PDF, name: str = "Aufmaß.pdf", **headers: str
) -> httpx.Response:
    """A file as a form, as browsers send it."""
    return await who.post(path, files={"file": (name, content)}, headers=headers)


async def raw(who: Person, path: str, content: Any, disposition: str) -> httpx.Response:
    """A file as the body itself."""
    headers = {
        "content-type": "application/octet-stream",
        "content-disposition": disposition,
    }
    return await who.post(path, content=content, headers=headers)


async def picked(market: Market) -> str:
    """A lead that Firma Huber picked."""
    lead = await market.offered(market.world.huber, market.world.klein)
    assert (await market.anna.post(market.path(lead, "/pick"))).status_code == 200
    return lead


async def ids(who: Person, path: str) -> list[str]:
    """Files that somebody is shown."""
    answer = await who.get(path)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_a_file_comes_back_as_it_was(market: Market) -> None:
    path = market.path(await picked(market), "/files")
    content = PDF + bytes(range(256)) * 3000  # four parts
    made = await put(market.anna, path, content)
    assert made.status_code == 201, made.text
    file = made.json()
    assert (file["name"], file["media_type"], file["size"], file["shared"]) == (
        "Aufmaß.pdf", "application/pdf", len(content), False,
    )  # fmt: skip
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    got = await market.ben.get(f"{path}/{file['id']}")
    assert got.content == content
    headers = got.headers
    assert headers["content-type"] == "application/pdf"
    assert headers["content-length"] == str(len(content))
    assert headers["content-disposition"] == (
        "attachment; filename=\"Aufma_.pdf\"; filename*=UTF-8''Aufma%C3%9F.pdf"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox")
    assert headers["etag"] == f'"{file["sha256"]}"'
    head = await market.ben.send("HEAD", f"{path}/{file['id']}")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(content)))


@pytest.mark.parametrize(
    ("content", "name", "kind", "kept"),
    [
        (PDF, "a.pdf", "application/pdf", "a.pdf"),
        (PDF, "a.exe", "application/pdf", "a.exe.pdf"),
        (PNG, "bild.HTML", "image/png", "bild.HTML.png"),
        (JPEG, "bild.JPEG", "image/jpeg", "bild.JPEG"),
        (WEBP, "bild.jpg", "image/webp", "bild.jpg.webp"),
        (HEIC, "bild.heic", "image/heif", "bild.heic"),
        (DOCX, "b.docx", f"{OOXML}.wordprocessingml.document", "b.docx"),
        (XLSX, "b.docx", f"{OOXML}.spreadsheetml.sheet", "b.docx.xlsx"),
        (ODT, "b.odt", "application/vnd.oasis.opendocument.text", "b.odt"),
        ("Grüße aus Köln\r\n".encode(), "t", "text/plain", "t.txt"),
        ("Grüße\n".encode("cp1252"), "t.txt", "text/plain", "t.txt"),
        ("Grüße\n".encode("utf-16"), "t.txt", "text/plain", "t.txt"),
        (b"a;b\n1;2\n", "t.csv", "text/csv", "t.csv"),
    ],
)
async def test_the_content_says_what_a_file_is(
    market: Market, content: bytes, name: str, kind: str, kept: str
) -> None:
    path = market.path(str(market.world.leads["engaged"]), "/files")
    made = await put(market.anna, path, content, name)
    assert made.status_code == 201, made.text
    assert (made.json()["media_type"], made.json()["name"]) == (kind, kept)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<!DOCTYPE html><script>alert(1)</script>", "a.pdf"),
        (b"\n\n  <HtMl>", "a.txt"),
        (b"\xef\xbb\xbf<html>", "a.txt"),
        ("<html>".encode("utf-16"), "a.txt"),
        (b"hallo <script>alert(1)</script>", "a.txt"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "a.svg"),
        (b"<!-- x --><svg/>", "a.png"),
        (b"MZ" + b"\0" * 100, "a.pdf"),
        (b"\x7fELF" + b"\0" * 60, "a"),
        (b"#!/bin/sh\nrm -rf /\n", "a.txt"),
        (b"@echo off\r\n", "a.bat"),
        (b"alert(1)", "a.js"),
        (b"GIF89a" + b"\0" * 20, "a.gif"),
        (b"text with \0 in it", "a.txt"),
        (zipped("a"), "a.docx"),
        (zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "a.docx"),
        (zipped("content.xml", mimetype="application/vnd.oasis.opendocument.base"), "a.odt"),
        (DOCX[:-10], "a.docx"),
        (DOCX + b"<script>", "a.docx"),
    ],
)
async def test_other_kinds_are_refused_in_words(market: Market, content: bytes, name: str) -> None:
    path = market.path(str(market.world.leads["engaged"]), "/files")
    before = await ids(market.anna, path + "?limit=100")
    refused = await put(market.anna, path, content, name)
    assert (refused.status_code, slug(refused)) == (415, "file-type-unsupported")
    assert "SVG" in refused.json()["detail"]
    assert await ids(market.anna, path + "?limit=100") == before


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("n" * 1000 + ".pdf", "too-long"), ("../../etc/passwd", "pattern"), ("a\\b.pdf", "pattern"),
        ("a\u202efdp.exe", "pattern"), ("a\u200b.pdf", "pattern"), ("..", "needed"),
        (" ", "needed"),
    ],
)  # fmt: skip
async def test_a_name_that_is_none_is_refused(market: Market, name: str, code: str) -> None:
    path = market.path(str(market.world.leads["engaged"]), "/files")
    quoted = "".join(f"%{byte:02X}" for byte in name.encode())
    refused = await raw(market.anna, path, PDF, f"attachment; filename*=UTF-8''{quoted}")
    assert (refused.status_code, slug(refused)) == (400, "validation-failed")
    assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [("/name", code)]


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe.pdf", "Grüße.pdf"),
        ("attachment; filename=x.pdf; filename*=UTF-8''Gr%C3%BC%C3%9Fe.pdf", "Grüße.pdf"),
        ("attachment; filename*=iso-8859-1'de'%FC.pdf", "ü.pdf"),
        ("attachment", "file.pdf"),
        ("", "file.pdf"),
        ("x;;=;", "file.pdf"),
    ],
)
async def test_a_body_is_named_by_its_header(market: Market, disposition: str, name: str) -> None:
    path = market.path(str(market.world.leads["engaged"]), "/files")
    made = await raw(market.anna, path, PDF, disposition)
    assert (made.status_code, made.json()["name"]) == (201, name)


async def test_a_name_in_no_readable_letters_is_refused(market: Market) -> None:
    path = market.path(str(market.world.leads["engaged"]), "/files")
    for disposition in ("attachment; filename*=UTF-8''%FF", "attachment; filename*=none''a"):
        refused = await raw(market.anna, path, PDF, disposition)
        assert refused.status_code == 400, disposition


async def test_nothing_and_too_much_are_refused(market: Market) -> None:
    path = market.path(str(market.world.leads["engaged"]), "/files")
    empty = await put(market.anna, path, b"")
    assert (empty.status_code, empty.json()["errors"][0]["pointer"]) == (400, "/file")
    for sent in (
        await put(market.anna, path, PDF + b"x" * (10 * 1024 * 1024)),
        await raw(market.anna, path, PDF + b"x" * (10 * 1024 * 1024), "attachment; filename=a.pdf"),
    ):
        assert (sent.status_code, slug(sent)) == (413, "body-too-large")
        assert sent.json()["limit"] == 10 * 1024 * 1024
    none = await market.anna.post(path, files={"other": ("a.pdf", PDF)})
    assert (none.status_code, none.json()["errors"][0]["pointer"]) == (400, "/file")
    headers = {"content-type": "multipart/form-data; boundary=x"}
    broken = await market.anna.post(path, content=b"--x\r\nnothing", headers=headers)
    assert broken.status_code == 400
    page = await market.anna.post(path, content=b"<p>", headers={"content-type": "text/html"})
    assert (page.status_code, slug(page)) == (415, "media-type-unsupported")


async def test_who_sees_files_through_a_return(market: Market) -> None:
    """Operator and giver see all shared ones, takers those of their engagement; internal ones are
    their company's. By HTTP, in SQL, and in parts."""
    everybody = ("olga", "gerd", "anna", "ben", "cora", "fritz")
    lead = await market.draft()
    path, files = market.path(lead), {}
    files["before"] = (await put(market.gerd, f"{path}/files?shared=true")).json()["id"]
    files["giver's"] = (await put(market.gerd, f"{path}/files")).json()["id"]
    takers = [str(market.world.huber.id), str(market.world.klein.id)]
    await market.olga.post(f"{path}/accept")
    await market.olga.post(f"{path}/offer", {"company_ids": takers})
    assert (await put(market.anna, f"{path}/files")).status_code == 404  # an offer is no lead
    await market.anna.post(f"{path}/pick")
    files["shared"] = (await put(market.anna, f"{path}/files?shared=true")).json()["id"]
    files["internal"] = (await put(market.anna, f"{path}/files")).json()["id"]
    expected = {
        "olga": {"before", "shared"}, "gerd": {"before", "giver's", "shared"},
        "anna": {"shared", "internal"}, "ben": {"shared", "internal"}, "cora": set(),
        "fritz": set(),
    }  # fmt: skip
    await _seen(market, lead, files, expected)
    await market.anna.post(f"{path}/engagement/return", {"reason": "other"})
    kept = await market.anna.delete(f"{path}/files/{files['shared']}")
    assert (kept.status_code, slug(kept)) == (409, "engagement-state")  # may be evidence
    assert (await market.olga.post(f"{path}/engagement/return/accept", {})).status_code == 200
    await _seen(market, lead, files, expected)
    assert (await market.anna.delete(f"{path}/files/{files['shared']}")).status_code == 409
    assert (await put(market.anna, f"{path}/files")).status_code == 409
    by = {item["id"]: item for item in (await market.gerd.get(f"{path}/files")).json()["items"]}
    shown = by[files["shared"]]
    assert [shown[k] for k in ("company_id", "company_name", "author_id", "author_name")] == [
        None, None, None, None,
    ]  # fmt: skip
    by = {item["id"]: item for item in (await market.olga.get(f"{path}/files")).json()["items"]}
    assert by[files["shared"]]["company_name"] == "Firma Huber"
    klein = {"company_id": str(market.world.klein.id)}
    assert (await market.olga.post(f"{path}/assign", klein)).status_code == 200
    files["next"] = (await put(market.cora, f"{path}/files?shared=true")).json()["id"]
    for who in ("olga", "gerd", "cora"):
        expected[who] = expected[who] | {"next"}
    await _seen(market, lead, files, expected)
    assert set(everybody) == set(expected)


async def _seen(
    market: Market, lead: str, files: dict[str, str], expected: dict[str, set[str]]
) -> None:
    names = {file: name for name, file in files.items()}
    for who, wanted in expected.items():
        person = getattr(market, who)
        listed = await person.get(market.path(lead, "/files"))
        found = {names[i["id"]] for i in listed.json()["items"]} if wanted else set()
        assert (who, listed.status_code, found) == (who, 200 if wanted else 404, wanted)
        for name, file in files.items():
            got = await person.get(market.path(lead, f"/files/{file}"))
            assert (who, name, got.status_code) == (who, name, 200 if name in wanted else 404)
        async with connected(market.urls.api) as api, api.transaction():
            await api.fetchrow("select * from app.enter($1)", person.token)
            rows = await api.fetch(
                "select id from app.note_file where lead_id = $1"
                " union all select id from app.message_file where lead_id = $1",
                UUID(lead),
            )
            assert {names[str(row["id"])] for row in rows} == wanted
            for name, file in files.items():
                assert (name in wanted) == await _part_is_shown(api, market.m, file)


async def _part_is_shown(api: asyncpg.Connection, m: UUID, file: str) -> bool:
    try:
        async with api.transaction():
            return bool(await api.fetchval("select app.file_part($1, $2, 0)", m, UUID(file)) == PDF)
    except asyncpg.PostgresError as error:
        if error.sqlstate != "KG404":
            raise
        return False


async def test_nothing_but_the_function_leads_to_the_content(market: Market) -> None:
    path = market.path(await picked(market), "/files")
    file = (await put(market.anna, path)).json()["id"]
    async with connected(market.urls.superuser) as superuser:
        count = "select count(*) from app_private.file_chunk where file_id = $1"
        assert await superuser.fetchval(count, UUID(file)) == 1
    async with connected(market.urls.api) as api:

        async def as_anna(statement: str, *values: Any) -> None:
            async with as_bearer(api, market.anna.token):
                await api.execute(statement, *values)

        for statement in (
            "select * from app_private.file_chunk",
            "delete from app_private.file_chunk",
            "insert into app.note_file (name) values ('x')",
            "update app.note_file set company_id = company_id",
            "delete from app.message_file",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await as_anna(statement)
        # What belongs to a file never changes, for whoever knows its id; without a token nothing.
        put_part = "select app.put_file_part($1, $2, 1, 'x')"
        with pytest.raises(asyncpg.PostgresError, match="not-found"):
            await as_anna(put_part, market.m, UUID(file))
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await api.execute(put_part, market.m, uuid4())


async def test_a_shared_file_is_told_and_its_removal_leaves_a_line(market: Market) -> None:
    lead = await picked(market)
    path = market.path(lead)
    file = (await put(market.anna, f"{path}/files?shared=true")).json()["id"]
    mails = await market.mails_to("olga@nord.example")
    assert mails[0]["template"] == "file-received"
    foreign = await market.olga.delete(f"{path}/files/{file}")
    assert (foreign.status_code, slug(foreign)) == (403, "file-of-another")
    assert (await market.ben.delete(f"{path}/files/{file}")).status_code == 204
    assert (await market.ben.delete(f"{path}/files/{file}")).status_code == 404
    assert (await market.olga.get(f"{path}/files/{file}")).status_code == 404
    event = (await market.olga.get(f"{path}/history")).json()["items"][0]
    assert (event["event"], event["colleague_name"]) == ("file-removed", "Ben")
    assert event["detail"] == {"file": file, "media_type": "application/pdf", "size": len(PDF)}
    async with connected(market.urls.superuser) as superuser:
        count = "select count(*) from app_private.file_chunk where file_id = $1"
        assert await superuser.fetchval(count, UUID(file)) == 0


async def test_a_file_of_before_is_removed_without_telling_the_taker(market: Market) -> None:
    lead = await market.draft()
    path = market.path(lead)
    file = (await put(market.gerd, f"{path}/files?shared=true")).json()["id"]
    await market.olga.post(f"{path}/accept")
    await market.olga.post(f"{path}/assign", {"company_id": str(market.world.huber.id)})
    assert (await market.gerd.delete(f"{path}/files/{file}")).status_code == 204
    told = {}
    for who in ("olga", "anna"):
        events = (await getattr(market, who).get(f"{path}/history")).json()["items"]
        told[who] = [e["event"] for e in events if e["event"] == "file-removed"]
    assert told == {"olga": ["file-removed"], "anna": []}


async def test_a_repeated_upload_is_one_file(market: Market) -> None:
    path = market.path(await picked(market), "/files")
    key = {"Idempotency-Key": uuid4().hex}
    first, second = [await put(market.anna, path, **key) for _ in range(2)]
    assert first.json() == second.json()
    assert await ids(market.anna, path) == [first.json()["id"]]
    other = await put(market.anna, path, PDF + b"x", **key)
    assert (other.status_code, slug(other)) == (422, "idempotency-key-reused")


ADD = "select app.add_file($1, $2, $3, false, 'a.pdf', 'application/pdf', $4)"


async def begun(api: Any, market: Market, lead: str, size: int) -> UUID:
    """The parts of a file that is not added yet."""
    file: UUID = await api.fetchval("select app.begin_file($1, $2)", market.m, UUID(lead))
    for number, at in enumerate(range(0, size, 262144)):
        part = b"x" * min(262144, size - at)
        await api.execute("select app.put_file_part($1, $2, $3, $4)", market.m, file, number, part)
    return file


async def test_a_quota_is_counted_under_a_lock(market: Market) -> None:
    """Two uploads that each would fit alone: the second waits for the first, and counts it."""
    lead = await market.draft()
    async with (
        connected(market.urls.superuser) as superuser,
        connected(market.urls.api) as one,
        connected(market.urls.api) as other,
    ):
        used = await superuser.fetchval("select app_private.file_bytes($1)", market.world.geber.id)
        first, second = one.transaction(), other.transaction()
        await first.start()
        await second.start()
        for api in (one, other):
            await api.fetchrow("select * from app.enter($1)", market.gerd.token)
        mine, theirs = [await begun(api, market, lead, 300_000) for api in (one, other)]
        await one.execute(ADD, market.m, UUID(lead), mine, used + 500_000)
        task = asyncio.ensure_future(
            other.execute(ADD, market.m, UUID(lead), theirs, used + 500_000)
        )
        await waiting_for_locks(superuser, task)
        await first.commit()
        with pytest.raises(asyncpg.PostgresError, match="file-quota-exceeded"):
            await task
        await second.rollback()


async def test_the_quota_is_a_setting_and_told(market: Market) -> None:
    path = market.path(await market.draft(), "/files")
    async with running(market.urls.api, file_quota=100) as app, from_address(app) as client:
        refused = await put(Person(client, market.gerd.token), path)
    assert (refused.status_code, slug(refused)) == (409, "file-quota-exceeded")
    assert refused.json()["limit"] == 100
    assert await ids(market.gerd, path) == []


@pytest.mark.parametrize("numbers", [(), (1,), (0, 2)])
async def test_a_file_without_all_of_its_parts_is_none(
    market: Market, numbers: tuple[int, ...]
) -> None:
    lead = await market.draft()
    async with connected(market.urls.api) as api:

        async def added() -> None:
            async with as_bearer(api, market.gerd.token):
                file = await begun(api, market, lead, 0)
                for number in numbers:
                    part = "select app.put_file_part($1, $2, $3, 'x')"
                    await api.execute(part, market.m, file, number)
                await api.execute(ADD, market.m, UUID(lead), file, 1000)

        with pytest.raises(asyncpg.PostgresError) as error:
            await added()
        assert error.value.sqlstate == "22023"


async def test_parts_that_no_file_took_are_removed(market: Market) -> None:
    lead = await market.draft()
    count = "select count(*) from app_private.file_chunk where not kept and file_id = $1"
    async with (
        connected(market.urls.api) as api,
        connected(market.urls.superuser) as superuser,
        connected(market.urls.worker) as worker,
    ):
        async with api.transaction():
            await api.fetchrow("select * from app.enter($1)", market.gerd.token)
            file = await begun(api, market, lead, 10)
        await worker.execute("select app.purge()")
        assert await superuser.fetchval(count, file) == 1
        await superuser.execute(
            "update app_private.file_chunk set created_at = created_at - interval '25 hours'"
        )
        await worker.execute("select app.purge()")
        assert await superuser.fetchval(count, file) == 0
    kept = market.path(str(market.world.leads["engaged"]), "/files")
    for item in (await market.anna.get(kept)).json()["items"]:
        assert (await market.anna.get(f"{kept}/{item['id']}")).status_code == 200


async def test_a_slow_client_holds_no_connection(market: Market) -> None:
    """With one connection in all, others are served between two pieces of its file."""
    path = market.path(await market.draft(), "/files")
    going, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield PDF
        going.set()
        await go_on.wait()
        yield b"the rest"

    async with (
        running(market.urls.api, pool_size=1, pool_timeout=0.5) as app,
        from_address(app) as client,
    ):
        gerd = Person(client, market.gerd.token)
        sending = asyncio.ensure_future(raw(gerd, path, slowly(), 'attachment; filename="a.pdf"'))
        await asyncio.wait_for(going.wait(), 5)
        for _ in range(3):
            assert (await gerd.get("/leads?as=giver")).status_code == 200
        assert await ids(gerd, path) == []
        go_on.set()
        made = await sending
    assert (made.status_code, made.json()["size"]) == (201, len(PDF) + 8)


async def test_an_upload_that_stops_half_way_leaves_nothing(market: Market, service: Edge) -> None:
    path = market.path(await market.draft(), "/files")
    messages = [
        {"type": "http.request", "body": PDF * 5000, "more_body": True},
        {"type": "http.disconnect"},
    ]
    headers = {
        "authorization": f"Bearer {market.gerd.token}",
        "content-type": "application/octet-stream",
        "content-disposition": "attachment; filename=a.pdf",
        "content-length": str(len(PDF) * 9000),
    }
    scope: Any = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        "client": ("192.0.2.10", 4000), "server": ("kollegium.test", 80),
    }  # fmt: skip
    answered: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        answered.append(message)

    count = "select count(*) from app_private.file_chunk"
    async with connected(market.urls.superuser) as superuser:
        before = await superuser.fetchval(count)
        await service(scope, receive, send)
        assert answered[0]["status"] == 400
        assert await superuser.fetchval(count) == before
    assert await ids(market.gerd, path) == []


async def test_a_download_asks_for_a_part_when_it_is_wanted(market: Market) -> None:
    """And with the token each time: whose session ends is sent no more."""
    path = market.path(await market.draft(), "/files")
    content = PDF + b"x" * (3 * 262144)
    file = (await put(market.gerd, path, content)).json()["id"]
    async with running(market.urls.api, pool_size=1) as app:
        state: Any = app._app.state
        parts = STORE.parts(state.database, market.gerd.token, market.m, UUID(file), len(content))
        before = await anext(parts)
        assert len(before) == 262144
        assert state.database.pool._places._taken.total() == 0
        async with connected(market.urls.superuser) as superuser:
            await superuser.execute("delete from app.note_file where id = $1", UUID(file))
        with pytest.raises(PostgresError, match="not-found"):
            await anext(parts)

"""Files are read beside the service: what computes for seconds must not keep requests waiting."""

import asyncio
from typing import Any

import psutil
import pytest
from anyio import BrokenWorkerProcess

from service.domain.imports import apart
from service.domain.imports.apart import File
from service.errors import Problem

HEAD = "Vorname;Nachname;PLZ;Ort;Telefon;E-Mail;Anliegen;Einwilligung\n"


def a_file(rows: int, head: str = HEAD) -> File:
    """A file of that many rows."""
    row = "Petra;Muster;10115;Berlin;;petra{}@muster.example;Dach;ja\n"
    text = head + "".join(row.format(n) for n in range(rows))
    return File(text.encode(), "leads.csv", None, [], None, None, dry_run=False)


def readers() -> list[psutil.Process]:
    """The processes of this one that read files."""
    children = [child for child in psutil.Process().children() if child.status() != "zombie"]
    return [child for child in children if "anyio.to_process" in child.cmdline()]


@pytest.mark.parametrize(("rows", "here"), [(20, 1), (400, 0)])
async def test_a_long_file_is_read_in_another_process(
    monkeypatch: pytest.MonkeyPatch, rows: int, here: int
) -> None:
    calls = []
    read_file = apart.read_file

    def noted(*args: Any, **known: Any) -> Any:
        calls.append(args)
        return read_file(*args, **known)

    monkeypatch.setattr(apart, "read_file", noted)
    upload = await apart.read(a_file(rows))
    assert upload.rows == rows
    assert len(calls) == here


async def test_a_spreadsheet_is_read_there_whatever_its_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A few kilobytes can unpack to a hundred megabytes."""
    monkeypatch.delattr(apart, "read_file")  # here it would fail
    with pytest.raises(Problem) as refused:
        await apart.read(a_file(0)._replace(content=b"PK\x03\x04 no spreadsheet"))
    assert refused.value.slug == "file-unreadable"


async def test_what_is_wrong_with_a_file_is_said_in_the_same_words() -> None:
    told = []
    for rows in (20, 400):
        with pytest.raises(Problem) as refused:
            await apart.read(a_file(rows, head="a;b;c;d;e;f;g;h\n"))
        told.append((refused.value.slug, refused.value.errors, refused.value.detail))
    assert told[0] == told[1]
    assert told[0][0] == "file-unreadable"


async def test_files_are_read_one_after_the_other_and_a_lost_process_is_replaced() -> None:
    await apart.read(a_file(400))
    (reader,) = readers()
    reading = [asyncio.create_task(apart.read(a_file(1000))) for _ in range(3)]
    await asyncio.sleep(0.2)
    assert readers() == [reader]
    reader.kill()
    assert [upload.rows for upload in await asyncio.gather(*reading)] == [1000] * 3
    assert reader not in readers()  # the control: it did die


async def test_where_every_process_dies_the_file_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def dies(*_: Any, **__: Any) -> None:
        raise BrokenWorkerProcess

    monkeypatch.setattr("anyio.to_process.run_sync", dies)
    with pytest.raises(Problem) as lost:
        await apart.read(a_file(400))
    assert lost.value.slug == "unavailable"

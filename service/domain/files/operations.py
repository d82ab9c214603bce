"""Putting files in and taking them out again."""

import asyncio
import re
import unicodedata
from uuid import UUID

from service.database.transaction import Tx
from service.domain.files import queries
from service.domain.files.kinds import kind_of, named
from service.domain.files.messages import LeadFile
from service.domain.files.storing import STORE
from service.errors import Problem
from service.vocabulary import LINE
from service.web.uploads import Received

_LONGEST = 200
_SEPARATORS = re.compile(r"[/\\]")


async def add(
    tx: Tx, m: UUID, lead_id: UUID, received: Received, kind: str, shared: bool, quota: int
) -> LeadFile:
    """A file of the caller's company for a lead it sees, all of it or nothing."""
    name = named(received.name, kind)
    file_id = await tx.value(UUID, "select app.begin_file($1, $2)", m, lead_id)
    await STORE.put(tx, m, file_id, received.content)
    new = shared, name, kind, quota
    tx.do("select app.add_file($1, $2, $3, $4, $5, $6, $7)", m, lead_id, file_id, *new)
    return await queries.file(tx, m, lead_id, file_id)


async def looked_at(received: Received) -> str:
    """The type of what was received; its name is put in order. Raises Problem validation-failed for
    nothing, and for a name that is none, file-type-unsupported for what may not be put in."""
    if received.size == 0:
        raise _refused("/file", "empty", "The file is empty", "Die Datei ist leer")
    received.name = _clean(received.name)
    return await asyncio.to_thread(kind_of, received.content, received.name)


async def remove(tx: Tx, m: UUID, lead_id: UUID, file_id: UUID) -> None:
    """Removes one of the caller's company."""
    tx.do("select app.remove_file($1, $2, $3)", m, lead_id, file_id)


def _clean(given: str) -> str:
    """The name as it is kept: one line, no path. Without any it is a file."""
    name = unicodedata.normalize("NFC", given or "file").strip()
    if not name.strip("."):
        raise _refused("/name", "needed", "A name is needed", "Ein Name wird gebraucht")
    if len(name) > _LONGEST:
        words = f"At most {_LONGEST} characters", f"Höchstens {_LONGEST} Zeichen"
        raise _refused("/name", "too-long", *words)
    if _SEPARATORS.search(name) or not re.search(LINE, name):
        raise _refused(
            "/name",
            "pattern",
            "A name without a path and without control or invisible characters",
            "Ein Name ohne Pfad und ohne Steuer- oder unsichtbare Zeichen",
        )
    return name


def _refused(pointer: str, code: str, detail: str, german: str) -> Problem:
    error = {"pointer": pointer, "code": code, "detail": detail, "detail_de": german}
    return Problem("validation-failed", errors=[error])

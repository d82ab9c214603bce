"""Reading files beside the service.

A file takes seconds of computing, and each thread that computes makes every other request wait for
its turn of the interpreter. So files are read in a process of their own, one after the other; only
short lists are read in a thread, which takes less than handing them over.
"""

import contextlib
from collections.abc import Callable
from typing import NamedTuple

import anyio
import anyio.to_process
import anyio.to_thread
from anyio import BrokenWorkerProcess, CapacityLimiter
from anyio.lowlevel import RunVar

from service.domain.imports.files.mapping import Mapping, parse_mapping
from service.domain.imports.files.reading import ParsedFile, read_file
from service.domain.imports.files.records import Result
from service.domain.imports.files.refused import ImportRefused
from service.domain.imports.files.uploads import PreparedFile, prepared
from service.errors import Problem

_SHORT = 16 * 1024  # bytes of text; a spreadsheet is packed, its size says nothing
_PACKED = b"PK"

_thread: RunVar[CapacityLimiter] = RunVar("reads a short list")
_process: RunVar[CapacityLimiter] = RunVar("reads a file")


class File(NamedTuple):
    """What was uploaded, what who uploaded it says of it, and the mappings his company keeps."""

    content: bytes
    name: str
    mapping: bytes | None
    kept: list[bytes]
    consent: bool | None
    interest: str | None
    dry_run: bool


async def read(file: File) -> PreparedFile:
    """The file as the database takes it. Raises Problem file-unreadable with what is wrong."""
    if len(file.content) <= _SHORT and not file.content.startswith(_PACKED):
        found = await anyio.to_thread.run_sync(_read, file, limiter=_one(_thread))
    else:
        found = await _beside(file)
    if isinstance(found, Problem):
        raise found
    return found


async def _beside(file: File) -> PreparedFile | Problem:
    """In a process, which may have died since the file before: then in a new one."""
    for _ in range(2):
        with contextlib.suppress(BrokenWorkerProcess):
            return await anyio.to_process.run_sync(
                _read, file, cancellable=True, limiter=_one(_process)
            )
    raise Problem("unavailable")


def _one(kept: RunVar[CapacityLimiter]) -> CapacityLimiter:
    """One at a time in this event loop; the others wait without a thread or process."""
    limiter = kept.get(None)
    if limiter is None:
        limiter = CapacityLimiter(1)
        kept.set(limiter)
    return limiter


def _read(file: File) -> PreparedFile | Problem:
    """A problem is returned and not raised: what it carries travels between processes as it is."""
    try:
        return read_here(file)
    except ImportRefused as refused:
        return _unreadable(refused, "")


def read_here(file: File) -> PreparedFile:
    """The same in this thread, by the mapping that was sent along, else by a known format, else by
    one that is kept. Raises ImportRefused."""
    try:
        return _by(file, parse_mapping(file.mapping) if file.mapping else None)
    except ImportRefused as refused:
        for kept in file.kept if refused.code == "format-unknown" else ():
            with contextlib.suppress(ImportRefused):
                return _by(file, parse_mapping(kept))
        raise


def _by(file: File, mapping: Mapping | None) -> PreparedFile:
    def read(take: Callable[[Result], None]) -> ParsedFile:
        return read_file(
            file.content,
            filename=file.name,
            mapping=mapping,
            consent=file.consent,
            interest=file.interest,
            take=take,
        )

    return prepared(read, file.name, dry_run=file.dry_run)


def mapping_of(text: bytes, pointer: str) -> Mapping:
    """A mapping that somebody sent. Raises Problem file-unreadable."""
    try:
        return parse_mapping(text)
    except ImportRefused as refused:
        raise _unreadable(refused, pointer) from refused


def _unreadable(refused: ImportRefused, pointer: str) -> Problem:
    error = {
        "pointer": pointer,
        "code": refused.code,
        "detail": refused.detail_en,
        "detail_de": refused.detail_de,
    }
    if refused.mapping is None:
        return Problem("file-unreadable", errors=[error])
    return Problem("file-unreadable", errors=[error], mapping=refused.mapping)

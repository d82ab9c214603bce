"""Where the content of files is kept: one small interface, and the database behind it.

A file is put in within the transaction that adds its row, so there is no row without content and
no half of it. Another store (S3 and its kin) puts it under the file's id before that transaction,
and removes what no row names; `app.remove_file` would leave it a note of what to remove.
"""

from collections.abc import AsyncGenerator, Iterator
from typing import BinaryIO, Protocol
from uuid import UUID

from service.database.transaction import Database, Tx
from service.domain.files.messages import Part

PART = 256 * 1024
_PUT = "select app.put_file_part($1, $2, $3, $4)"
# No line breaks: JSON would double them.
_READ = """select translate(encode(app.file_part($1, $2, $3), 'base64'), chr(10), '') as content"""


class Store(Protocol):
    """Keeps what is in files, by marketplace and file."""

    async def put(self, tx: Tx, m: UUID, file_id: UUID, content: BinaryIO) -> None:
        """Keeps the content, all of it when the transaction commits, else nothing."""

    def parts(
        self, database: Database, token: str, m: UUID, file_id: UUID, size: int
    ) -> AsyncGenerator[bytes, None]:
        """The content in order, as it is asked for. Raises PostgresError KG404 when the bearer does
        not see the file, or no longer."""


class InDatabase:
    """Parts of 256 KiB as rows; a connection is taken for each of them and not between them."""

    async def put(self, tx: Tx, m: UUID, file_id: UUID, content: BinaryIO) -> None:
        """A part a round trip: no more of them are in memory at once."""
        for number, part in enumerate(_cut(content)):
            tx.do(_PUT, m, file_id, number, part)
            await tx.value(bool, "select true")

    async def parts(
        self, database: Database, token: str, m: UUID, file_id: UUID, size: int
    ) -> AsyncGenerator[bytes, None]:
        """Each in a transaction of its own, asked as the bearer of the token."""
        for number in range(-(-size // PART)):
            yield await _part(database, token, m, file_id, number)


async def _part(database: Database, token: str, m: UUID, file_id: UUID, number: int) -> bytes:
    async def read(tx: Tx) -> Part:
        return await tx.view(Part, _READ, m, file_id, number)

    return (await database.transaction(token, read, reads=True)).content


def _cut(content: BinaryIO) -> Iterator[bytes]:
    content.seek(0)
    while part := content.read(PART):
        yield part


STORE: Store = InDatabase()

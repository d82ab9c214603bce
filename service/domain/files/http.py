"""Routes: files of a lead."""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from service.domain.files import operations, queries
from service.domain.files.kinds import KINDS, SAYS
from service.domain.files.messages import LeadFile
from service.domain.files.storing import STORE
from service.domain.leads.queries import known
from service.domain.timeline.http import OfEngagement
from service.vocabulary import Page
from service.web.answers import Stream, attachment
from service.web.bodies import Upload
from service.web.calls import Call, Cursor, Limit
from service.web.uploads import received

FILE = Upload(types=tuple(KINDS), limit="upload_limit", parts={}, says=SAYS, named=True)
# A file is no page of ours, whatever is in it: nothing runs, nothing is loaded.
SANDBOX = {
    "content-security-policy": "sandbox; default-src 'none'",
    "referrer-policy": "no-referrer",
}


@get("/files", summary="Files of a lead")
async def list_files(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    engagement_id: OfEngagement = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[LeadFile]]:
    """Internal ones of the caller's company, and shared ones as with messages, newest first. Also
    for a taker that does not see the lead any more."""
    return await call.answer(queries.files, m, l, engagement_id, cursor, limit)


@post(
    "/files",
    summary="Put a file in",
    upload=FILE,
    refuses="engagement-state file-type-unsupported file-quota-exceeded",
)
async def add_file(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    shared: Annotated[
        bool, QueryParameter(description="With the present parties of the lead, as a message is")
    ] = False,
) -> Response[LeadFile]:
    """Internal to the caller's company unless shared. As the body itself with its name in
    Content-Disposition, or as multipart/form-data with `file`. The content decides which type it
    is; a name that does not fit gets the end that does."""
    call.long = True
    await call.database.transaction(call.token, lambda tx: known(tx, m, l), reads=True)
    async with received(call) as file:
        kind = await operations.looked_at(file)
        call.is_about(file.digest, file.name.encode())
        return await call.answer(operations.add, m, l, file, kind, shared, call.settings.file_quota)


@get("/files/{file_id:uuid}", summary="The content of a file", sends=", ".join(KINDS))
async def send_file(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID], file_id: FromPath[UUID]
) -> Stream:
    """To be kept, never to be shown: as an attachment, and in a sandbox."""
    file = await call.database.transaction(
        call.token, lambda tx: queries.file(tx, m, l, file_id), reads=True
    )
    parts = STORE.parts(call.database, call.token, m, file_id, file.size)
    more = {"content-disposition": attachment(file.name), "etag": f'"{file.sha256}"', **SANDBOX}
    return call.stream(parts, file.media_type, length=file.size, headers=more)


@delete(
    "/files/{file_id:uuid}",
    summary="Remove a file",
    status_code=204,
    refuses="file-of-another engagement-state return-state",
)
async def remove_file(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID], file_id: FromPath[UUID]
) -> Response[None]:
    """By the company that put it in. Of a shared one the history keeps that there was one; it stays
    when its engagement has ended, and while the operator decides about a return."""
    return await call.answer(operations.remove, m, l, file_id)


router = Router(
    "/marketplaces/{m:uuid}/leads/{l:uuid}",
    route_handlers=[list_files, add_file, send_file, remove_file],
    tags=["timeline"],
)

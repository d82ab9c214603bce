"""Routes: imports of files."""

import unicodedata
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from service.domain.imports import apart, consents, operations, queries
from service.domain.imports.apart import File
from service.domain.imports.messages import (
    ConsentDraft,
    ConsentJob,
    ConsentReport,
    Import,
    ImportJob,
    ImportReport,
    MappingDraft,
    Outcome,
    SavedMapping,
)
from service.errors import Problem
from service.vocabulary import Page
from service.web.bodies import Upload
from service.web.calls import Call, Cursor, Limit
from service.web.parts import answer_in_parts

FILE = Upload(
    types=("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    limit="import_limit",
    parts={"mapping": "TOML"},
    says="CSV or XLSX",
)
Rows = Annotated[int, QueryParameter(ge=1, le=1000, description="Rows of the report on the page")]


@post(
    "/imports",
    summary="Import a file of leads",
    upload=FILE,
    refuses="not-found giver-required file-unreadable",
)
async def import_file(
    call: NamedDependency[Call],
    marketplace: Annotated[UUID, QueryParameter(description="Where the leads go")],
    consent: Annotated[
        bool | None,
        QueryParameter(description="Whether the persons agreed, for files without such a column"),
    ] = None,
    interest: Annotated[
        str | None,
        QueryParameter(
            min_length=1, max_length=120, description="What is asked for, where no column tells"
        ),
    ] = None,
    filename: Annotated[str | None, QueryParameter(max_length=255)] = None,
    dry_run: Annotated[bool, QueryParameter(description="Try every row, keep no lead")] = False,
    limit: Rows = 100,
) -> Response[ImportJob | ImportReport]:
    """CSV in any usual encoding, or XLSX. Lists of people with German or English headers, and the
    exports of Meta, Google, TikTok, LinkedIn, HubSpot, Salesforce, Pipedrive are recognised.

    As the body itself, or as multipart/form-data with `file` and, for other formats, `mapping`
    (TOML); what is not recognised is answered with a mapping to begin with. Every row gets a
    result; repeating a file adds nothing. Up to 500 rows are imported at once (201); more of them,
    and what takes longer than a request may, go on by themselves (202).
    """
    begin = partial(operations.expect_intake, marketplace_id=marketplace)
    saved = await call.database.transaction(call.token, begin, reads=True)
    content, name, mapping = await _uploaded(call.request, filename)
    call.is_about(content, name.encode(), mapping or b"")
    kept = [known.mapping.encode() for known in saved]
    upload = await apart.read(File(content, name, mapping, kept, consent, interest, dry_run))
    finish = None if upload.is_large else partial(operations.finish, limit=limit)
    return await answer_in_parts(call, finish, operations.start, marketplace, upload)


@post(
    "/imports/{import_id:uuid}/consent",
    summary="State the consent for the drafts of a file",
    refuses="giver-required import-state",
    example={
        "text": "Meine Daten dürfen an Fachbetriebe weitergegeben werden.",
        "source": "Messe Nord, Formular auf Papier",
        "given_at": "2026-10-01T08:00:00Z",
    },
)
async def state_consent(
    call: NamedDependency[Call], import_id: FromPath[UUID], data: JSONBody[ConsentDraft]
) -> Response[ConsentJob | ConsentReport]:
    """For all drafts of it that have no permission yet, with its proof; who can be reached is
    submitted. The same statement again goes on with the one that there is."""
    return await answer_in_parts(call, consents.finish, consents.state, import_id, data)


@get("/imports/{import_id:uuid}/consents", summary="Consents stated for a file")
async def list_consents(
    call: NamedDependency[Call],
    import_id: FromPath[UUID],
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[ConsentReport]]:
    """What was stated, by whom, and how many drafts it was for, newest first."""
    return await call.answer(queries.consents, import_id, cursor, limit)


@get("/import-mappings", summary="My mappings")
async def list_mappings(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[SavedMapping]]:
    """How my company reads the files of its sources, newest first."""
    return await call.answer(queries.mappings, cursor, limit)


@post(
    "/import-mappings",
    summary="Keep a mapping",
    refuses="file-unreadable too-many-mappings",
    example={"mapping": 'name = "messe"\n[columns]\nname = "Wer"\nemail = "Mail"\n'},
)
async def save_mapping(
    call: NamedDependency[Call], data: JSONBody[MappingDraft]
) -> Response[SavedMapping]:
    """For files of its source: taken by POST /imports when no known format and no mapping sent
    along is. The one that had its name before goes."""
    name = apart.mapping_of(data.mapping.encode(), "/mapping").name
    return await call.answer(operations.save_mapping, name, data.mapping)


@delete("/import-mappings/{mapping_id:uuid}", summary="Remove a mapping", status_code=204)
async def forget_mapping(call: NamedDependency[Call], mapping_id: FromPath[UUID]) -> Response[None]:
    """Files of its source are not read by it any more."""
    return await call.answer(operations.forget_mapping, mapping_id)


@get("/imports", summary="My imports")
async def list_imports(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[Import]]:
    """Files my company imported, newest first."""
    return await call.answer(queries.imports, cursor, limit)


@get("/imports/{import_id:uuid}", summary="Report of an import")
async def show_import(
    call: NamedDependency[Call],
    import_id: FromPath[UUID],
    outcome: Annotated[
        Outcome | None, QueryParameter(description="Only rows with this outcome")
    ] = None,
    cursor: Cursor = None,
    limit: Rows = 100,
) -> Response[ImportJob | ImportReport]:
    """How far it is; when it ended, what became of each row: imported, duplicate, refused, why."""
    return await call.answer(queries.report, import_id, cursor, limit, outcome)


async def _uploaded(
    request: Request[Any, Any, Any], filename: str | None
) -> tuple[bytes, str, bytes | None]:
    """The file, its name and the mapping. Raises Problem bad-request without a file."""
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        form = await request.form()
        try:
            return await _form_parts(form.get("file"), form.get("mapping"), filename)
        finally:
            await form.close()
    return await request.body(), _file_name(filename), None


async def _form_parts(
    file: Any, mapping: Any, filename: str | None
) -> tuple[bytes, str, bytes | None]:
    if not isinstance(file, UploadFile):
        raise Problem(
            "validation-failed",
            errors=[
                {
                    "pointer": "/file",
                    "code": "needed",
                    "detail": "The form needs a part named file",
                    "detail_de": "Das Formular braucht einen Teil mit dem Namen file",
                }
            ],
        )
    text = await mapping.read() if isinstance(mapping, UploadFile) else mapping
    return (
        await file.read(),
        _file_name(filename or file.filename),
        text.encode() if isinstance(text, str) else text,
    )


def _file_name(given: str | None) -> str:
    """Without what cannot be read or stored: control, bidirectional, unpaired characters."""
    readable = "".join(c for c in unicodedata.normalize("NFC", given or "") if c.isprintable())
    return readable[:255] or "upload"


router = Router(
    "",
    route_handlers=[
        import_file,
        list_imports,
        show_import,
        state_consent,
        list_consents,
        list_mappings,
        save_mapping,
        forget_mapping,
    ],
    tags=["integration"],
)

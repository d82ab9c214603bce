"""What goes out of the import routes."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec

from service.domain.contact.remarks import Said
from service.vocabulary import GoesOn, Input, Line, LongText, Moment

Outcome = Literal["imported", "duplicate", "refused"]
State = Literal["waiting", "running", "done", "failed"]
Reason = Literal[
    "uploader-inactive", "participation-inactive", "interrupted", "too-old", "unforeseen"
]


class Warned(msgspec.Struct):
    """Something to know about a row that was imported, or about the file (field is null)."""

    code: str
    field: str | None
    detail: Said


class ImportRow(msgspec.Struct):
    """What became of one row of the file. row_number counts as a spreadsheet does, header first."""

    row_number: int
    outcome: Outcome
    lead_id: UUID | None = None
    code: str | None = None
    field: str | None = None
    detail: Said | None = None
    warnings: list[Warned] = []


class SkippedLine(msgspec.Struct):
    """A line of the file that is no row: a title above the header, or the footer of a report."""

    row_number: int
    reason: Literal["preamble", "footer"]


class Sheet(msgspec.Struct):
    """A sheet of a spreadsheet. Rows are counted through all sheets that are read: row_number less
    offset is the number that the spreadsheet shows."""

    name: str
    outcome: Literal["read", "unknown-header", "hidden", "empty"]
    offset: int
    rows: int
    format: str | None


class ImportJob(GoesOn):
    """An import under way: `done` of its `rows` have their result. GET /imports/{id} shows how far
    it is, and when it ended the report. remarks are about the file as a whole."""

    id: UUID
    marketplace_id: UUID
    file_name: str
    dry_run: bool
    state: Literal["waiting", "running"]
    rows: int
    done: int
    remarks: list[Warned]
    skipped: list[SkippedLine]
    sheets: list[Sheet]
    created_at: Moment


class _Imported(msgspec.Struct, kw_only=True):
    id: UUID
    marketplace_id: UUID
    file_name: str
    format: str
    encoding: str
    separator: str | None
    dry_run: bool
    done: int
    imported: int
    duplicates: int
    refused: int
    remarks: list[Warned]
    skipped: list[SkippedLine]
    sheets: list[Sheet]
    problem: Reason | None
    created_at: Moment


class Import(_Imported):
    """A file that is or was imported: imported + duplicates + refused are the rows that are done.
    Of a dry run no lead is kept. problem says why it failed."""

    state: State
    rows: int
    ended_at: Moment | None


class ImportReport(_Imported):
    """An import that ended, and a page of its rows. remarks are about the file as a whole. Where it
    failed, detail says why; what is done stays, and the file can be sent again."""

    state: Literal["done", "failed"]
    ended_at: Moment
    detail: Said | None
    rows: list[ImportRow]
    next_cursor: str | None = None


class ConsentDraft(Input):
    """That the persons of a file agreed to their data being passed on, and the proof of it: text is
    what they agreed to, word for word, source where they did, given_at when (of several the last).
    """

    text: LongText
    source: Annotated[
        Line, msgspec.Meta(min_length=1, examples=["Messe Nord, Formular auf Papier"])
    ]
    given_at: Moment


class _Consent(msgspec.Struct, kw_only=True):
    id: UUID
    marketplace_id: UUID
    import_id: UUID
    text: str
    source: str
    given_at: Moment
    stated_by: str
    leads: int
    submitted: int
    created_at: Moment


class ConsentJob(GoesOn, _Consent):
    """A stated consent whose drafts are not all looked at; it goes on by itself, and state says
    when that is over: GET /imports/{id}/consents."""

    state: Literal["running"]


class ConsentReport(_Consent):
    """A stated consent: leads got the permission by it, submitted are those that can be reached."""

    state: Literal["running", "done"]


class MappingDraft(Input):
    """A mapping (TOML): what its name says is the source."""

    mapping: Annotated[str, msgspec.Meta(min_length=1, max_length=65536)]


class SavedMapping(msgspec.Struct):
    """How files of one source are read; taken when no known format and no mapping sent along is."""

    id: UUID
    name: str
    mapping: str
    saved_by: str
    saved_at: Moment


class Progress(msgspec.Struct):
    """How an import stands after an attempt to go on with it, and whether it went on."""

    state: State
    went_on: bool


WHY: dict[str, Said] = {
    "uploader-inactive": Said(
        "Who uploaded it no longer acts for an active company.",
        "Wer die Datei hochgeladen hat, handelt nicht mehr für eine aktive Firma.",
    ),
    "participation-inactive": Said(
        "The company may no longer put leads into this marketplace.",
        "Die Firma darf in diesen Marktplatz keine Leads mehr einliefern.",
    ),
    "interrupted": Said(
        "It was interrupted again and again at the same place.",
        "Der Import wurde an derselben Stelle immer wieder unterbrochen.",
    ),
    "too-old": Said(
        "It was not done after seven days; rows are not kept any longer.",
        "Der Import war nach sieben Tagen nicht fertig; länger werden Zeilen nicht aufbewahrt.",
    ),
    "unforeseen": Said(
        "A row met an error that nobody foresaw; who runs this service finds it in the audit log.",
        "Eine Zeile traf auf einen unvorhergesehenen Fehler; er steht im Protokoll des Betreibers.",
    ),
}

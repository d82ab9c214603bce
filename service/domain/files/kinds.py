"""What a file is, by its content: one of the types that may be put in, or none of them.

The name decides nothing but whether a text is a table, and gets the end that fits. Signatures are
puremagic's; an archive is looked into, because office documents begin like any other, and text has
no signature at all.
"""

import codecs
import re
import zipfile
from typing import BinaryIO

import puremagic

from service.errors import Problem

_OOXML = "application/vnd.openxmlformats-officedocument"
#: Type -> the ends that its names may have; the first is added where there is another.
KINDS = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "image/webp": (".webp",),
    "image/heif": (".heic", ".heif"),
    f"{_OOXML}.wordprocessingml.document": (".docx",),
    f"{_OOXML}.spreadsheetml.sheet": (".xlsx",),
    "application/vnd.oasis.opendocument.text": (".odt",),
    "text/plain": (".txt",),
    "text/csv": (".csv",),
}
SAYS = "PDF, PNG, JPEG, WebP, HEIC, DOCX, XLSX, ODT, TXT, CSV"
_SIGNED = frozenset({"application/pdf", "image/png", "image/jpeg", "image/webp", "image/heif"})
_HEAD = 64 * 1024
_DIRECTORY = 512 * 1024  # bytes of an archive's directory: some thousand entries
# What a text must not have: control characters but tab, line and page ends.
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
# What a browser could take for a page, or for a picture with script in it.
_MARKUP = re.compile(
    r"<(?:!doctype\s+html|\?xml|html|head|body|script|svg|iframe|object|embed)\b", re.IGNORECASE
)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
          (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


def kind_of(file: BinaryIO, name: str) -> str:
    """The type of a file that is not empty. Raises Problem file-type-unsupported."""
    file.seek(0)
    head = file.read(_HEAD)
    found = _signed(head) or _packed(file, head) or _text(file, head, name)
    if found is None:
        raise Problem("file-type-unsupported")
    return found


def named(name: str, kind: str) -> str:
    """The name with an end that fits the type: what it is opened with goes by that."""
    ends = KINDS[kind]
    return name if name.lower().endswith(ends) else name + ends[0]


def _signed(head: bytes) -> str | None:
    try:
        guesses = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return None
    # Of several that it could be the surest; of one signature they are equal.
    return next((one.mime_type for one in guesses if one.mime_type in _SIGNED), None)


def _packed(file: BinaryIO, head: bytes) -> str | None:
    """A document of an office program: without macros."""
    if not head.startswith(b"PK\x03\x04") or not _is_plain_archive(file):
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if "mimetype" in names:
                stated = _stored(archive, archive.getinfo("mimetype"))
                return stated if stated in KINDS and "content.xml" in names else None
    except (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError, ValueError):
        return None
    if "[Content_Types].xml" not in names or any("vbaproject" in n.lower() for n in names):
        return None
    for main, kind in (("word/document.xml", "wordprocessingml.document"),
                       ("xl/workbook.xml", "spreadsheetml.sheet")):  # fmt: skip
        if main in names:
            return f"{_OOXML}.{kind}"
    return None


def _is_plain_archive(file: BinaryIO) -> bool:
    """Whether it ends as office programs end theirs: no comment, no 64-bit sizes, and a directory
    that is read within moments (one of millions of empty entries fits into a few megabytes)."""
    size = file.seek(0, 2)
    if size < 42:
        return False
    file.seek(size - 42)
    tail = file.read(42)
    end = tail[20:]
    directory = int.from_bytes(end[12:16], "little")
    return (
        end.startswith(b"PK\x05\x06")
        and end.endswith(b"\0\0")
        and not tail.startswith(b"PK\x06\x07")
        and directory <= _DIRECTORY
    )


def _stored(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    """What stands in a short entry that is not compressed; else nothing."""
    if entry.compress_type != zipfile.ZIP_STORED or not 0 < entry.file_size < 100:
        return ""
    return archive.read(entry).decode("ascii", "replace").strip()


def _text(file: BinaryIO, head: bytes, name: str) -> str | None:
    """Text in UTF-8, UTF-16 with a mark, or Windows-1252; all of it is looked at, piece by piece.
    Neither markup nor a script, and not named like something that is run or shown."""
    end = re.search(r"\.[^.]*$", name.lower())
    if end is not None and end[0] not in (".txt", ".csv"):
        return None
    begins = None
    for encoding in _encodings(head):
        begins = _begins(file, encoding)
        if begins is not None:
            break
    if begins is None or begins.lstrip().startswith(("#!", "<", "%!")) or _MARKUP.search(begins):
        return None
    return "text/csv" if end is not None and end[0] == ".csv" else "text/plain"


def _encodings(head: bytes) -> tuple[str, ...]:
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)
    return ("utf-8", "cp1252") if marked is None else (marked,)


def _begins(file: BinaryIO, encoding: str) -> str | None:
    """The first characters, when all of it is text in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    begins = None
    file.seek(0)
    while True:
        piece = file.read(_HEAD)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeError:
            return None
        if _CONTROL.search(text):
            return None
        begins = text if begins is None else begins
        if not piece:
            return begins

"""Lead imports, the pure half: from the bytes of an export to leads, without a database.

The way of a file, one module a step::

    decoding.py                     bytes -> numbered rows of cells; separator, limits
      encodings.py                  which encoding the file has, and which of its lines another
      spreadsheets.py               every sheet of an .xlsx (workbook_parts.py, sheet_scanners.py)
    known_formats.py | mapping.py   header -> which column is which field (formats.py, headers.py,
                                    ad_formats.py, crm_formats.py; suggesting.py for the others)
    plans.py                        which column of this file plays which part
    rows.py (cells.py, topics.py)   one row -> one lead, or one refusal with its reason;
                                    contact data by `service.domain.contact`, times by times.py
    records.py                      the results, fingerprints, duplicates inside one file
    reading.py                      all of it: `read_file`

Two promises, both tested: every data row of a file gives exactly one result, and whatever the bytes
are, the only exception is `ImportRefused`, which refuses the file as a whole. Nothing here logs,
and no detail text repeats what a person wrote: reports are kept longer than personal data may be.

`read_file` is plain computation (some seconds for 50,000 rows): call it in a thread. Rows are
walked over, not kept: two or three walks over a file; each result is given away as it is read.
"""

from service.domain.contact import Noticed
from service.domain.imports.files.mapping import Mapping, parse_mapping
from service.domain.imports.files.reading import ParsedFile, Skipped, read_file
from service.domain.imports.files.records import (
    DuplicateLead,
    ImportedLead,
    RefusedLead,
    fingerprint_of,
    mark_duplicates,
)
from service.domain.imports.files.refused import ImportRefused

__all__ = [
    "DuplicateLead",
    "ImportRefused",
    "ImportedLead",
    "Mapping",
    "Noticed",
    "ParsedFile",
    "RefusedLead",
    "Skipped",
    "fingerprint_of",
    "mark_duplicates",
    "parse_mapping",
    "read_file",
]

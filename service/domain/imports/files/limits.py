"""What a file may cost at most. Every limit is checked before the memory it bounds is spent."""

from typing import Final

MAX_BYTES: Final = 20 * 1024 * 1024
#: Data rows. Blank lines do not count here, but see `MAX_LINES`.
MAX_ROWS: Final = 100_000
#: Records of any kind, blank ones included: twenty million empty lines are also work.
MAX_LINES: Final = 200_000
MAX_COLUMNS: Final = 200
#: Characters in a cell; a longer one refuses its row, not the file.
MAX_CELL: Final = 10_000

#: Spreadsheets are ZIP files: these bound what they unpack to, before anything is unpacked.
MAX_PARTS: Final = 1_000
MAX_UNPACKED: Final = 128 * 1024 * 1024
#: Rows x columns of a sheet's used area: the reader allocates the whole rectangle.
MAX_AREA: Final = 5_000_000
#: Characters of all cells of a sheet together: one shared string may be named a million times.
MAX_SHEET_TEXT: Final = 64 * 1024 * 1024

#: Characters of a header that is repeated in a message or becomes the label of an answer.
MAX_LABEL: Final = 200
#: Characters of each field of a lead; longer ones refuse the row with `value-too-long`.
FIELD_LIMITS: Final[dict[str, int]] = {
    "salutation": 50,
    "first_name": 100,
    "last_name": 100,
    "name": 200,
    "company": 200,
    "email": 254,
    "street": 200,
    "city": 100,
    "tags": 500,
}
#: The interest is part of the teaser; more than this goes to the answers.
MAX_INTEREST: Final = 120

"""What a format is: how to read one kind of file, a description and no code.

A format is recognised by its header alone: of each group in `recognised_by` one header must be
there. Headers are compared by `header_key`, so `E-Mail-Adresse`, `e-mail-adresse` and
`E_Mail_Adresse` are one; in lists of people also by `loose_key`. The known ones are in
`known_formats.py`. Columns that no description names are questions of the form: they become
answers, under the header they have in the file.
"""

from collections.abc import Iterable

import msgspec

from service.domain.imports.files.headers import Field, header_key, loose_key


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """How to read one kind of file. A mapping file is turned into one of these, too."""

    slug: str
    title: str
    recognised_by: tuple[frozenset[str], ...] = ()
    columns: dict[str, Field]  #: header key -> field
    joined: frozenset[Field] = (
        frozenset()
    )  #: fields whose columns are joined instead of the first one taken
    interest_hints: tuple[
        str, ...
    ] = ()  #: a question whose header has one of these asks for the interest
    interest_fallbacks: tuple[
        str, ...
    ] = ()  #: header keys that tell it when no question and no constant does
    prefix: str = ""  #: regular expression of a type prefix that ids, phones and postcodes carry
    underscored: bool = False  #: answers come with underscores for spaces
    id_length: int | None = None  #: only so many characters of the id are significant
    footer: tuple[str, ...] = ()  #: words that tell a footer of a report from a row
    time_zone: str | None = None  #: of times that name none; else what their header says
    loose: bool = False  #: headers may have brackets: `E-Mail (privat)`
    constants: dict[str, str] = {}
    consent_yes: frozenset[str] = frozenset()

    def field_of(self, header: str) -> Field | None:
        """The field of a column, None for a question of the form."""
        field = self.columns.get(header_key(header))
        return field or self.columns.get(loose_key(header)) if self.loose else field

    def matches(self, headers: Iterable[str]) -> bool:
        """Tell whether a row of cells is this format's header."""
        found: set[str] = set()
        for header in headers:
            found |= {header_key(header), loose_key(header)} if self.loose else {header_key(header)}
        return bool(self.recognised_by) and all(group & found for group in self.recognised_by)

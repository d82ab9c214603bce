"""The one error of this package, and every sentence it says, in English and German."""

from typing import Final

from service.domain.contact.remarks import TEXTS as CONTACT_TEXTS
from service.domain.contact.remarks import Noticed

#: code -> (English, German). Codes are stable: clients match on them, texts may be reworded.
TEXTS: Final[dict[str, tuple[str, str]]] = {
    # The file as a whole.
    "file-empty": ("The file is empty.", "Die Datei ist leer."),
    "file-too-large": (
        "The file is larger than {limit} MiB. Please split it.",
        "Die Datei ist größer als {limit} MiB. Bitte teilen Sie sie auf.",
    ),
    "too-many-rows": (
        "The file has more than {limit} rows. Please split it.",
        "Die Datei hat mehr als {limit} Zeilen. Bitte teilen Sie sie auf.",
    ),
    "header-too-wide": (
        "The header has more than {limit} columns.",
        "Die Kopfzeile hat mehr als {limit} Spalten.",
    ),
    "nul-characters": (
        "The file contains NUL characters: it is damaged or no text file.",
        "Die Datei enthält NUL-Zeichen: Sie ist beschädigt oder keine Textdatei.",
    ),
    "encoding-unknown": (
        "The text is not valid {encoding}. Save the file as UTF-8, or name its encoding in a "
        "mapping file.",
        "Der Text ist kein gültiges {encoding}. Speichern Sie die Datei als UTF-8, oder nennen "
        "Sie die Kodierung in einer Zuordnungsdatei.",
    ),
    "encoding-unclear": (
        "The encoding cannot be told: the text is not UTF-8, and {encoding} is one reading of "
        "several. Save the file as UTF-8, or name its encoding in a mapping file.",
        "Die Kodierung ist nicht sicher erkennbar: Der Text ist kein UTF-8, und {encoding} ist "
        "eine von mehreren Lesarten. Speichern Sie die Datei als UTF-8, oder nennen Sie die "
        "Kodierung in einer Zuordnungsdatei.",
    ),
    "csv-broken": (
        "The file cannot be split into columns: a quotation mark is not closed or misplaced near "
        "line {line}.",
        "Die Datei lässt sich nicht in Spalten zerlegen: Nahe Zeile {line} fehlt ein "
        "Anführungszeichen oder steht am falschen Ort.",
    ),
    "spreadsheet-broken": (
        "The spreadsheet cannot be read: {reason}. Save it as .xlsx or as CSV (UTF-8).",
        "Die Tabelle ist nicht lesbar: {reason}. Speichern Sie sie als .xlsx oder als CSV (UTF-8).",
    ),
    "spreadsheet-too-large": (
        "The spreadsheet unpacks to more than is allowed ({what}).",
        "Die Tabelle wird beim Entpacken größer als erlaubt ({what}).",
    ),
    "format-unknown": (
        "No known format has these headers: {headers}. Known are: {known}. For any other file, "
        "send a mapping (TOML) along: a name, and under [columns] which of these headers is which "
        "field. The one that is offered has what was recognised: correct it and send it.",
        "Kein bekanntes Format hat diese Spalten: {headers}. Bekannt sind: {known}. Für jede "
        "andere Datei geben Sie eine Zuordnung (TOML) mit: einen Namen, und unter [columns], "
        "welche dieser Spalten welches Feld ist. Die angebotene enthält, was erkannt wurde: "
        "Berichtigen Sie sie und senden Sie sie mit.",
    ),
    "mapping-invalid": (
        "The mapping file is not valid: {reason}",
        "Die Zuordnungsdatei ist ungültig: {reason}",
    ),
    "mapping-header-missing": (
        "The mapping names columns that the file does not have: {missing}. The file has: "
        "{headers}.",
        "Die Zuordnung nennt Spalten, die es in der Datei nicht gibt: {missing}. Die Datei hat: "
        "{headers}.",
    ),
    # One row refused.
    "name-missing": (
        "There is neither a name nor a company.",
        "Es fehlt ein Name oder eine Firma.",
    ),
    "contact-missing": (
        "There is neither an e-mail address nor a phone number.",
        "Es fehlt eine E-Mail-Adresse oder Telefonnummer.",
    ),
    "contact-invalid": (
        "Neither the e-mail address nor the phone number is valid.",
        "Weder die E-Mail-Adresse noch die Telefonnummer ist gültig.",
    ),
    "contact-is-error": (
        "The contact is missing: its cell shows an error of the spreadsheet.",
        "Der Kontakt fehlt: Seine Zelle zeigt einen Fehler der Tabellenkalkulation.",
    ),
    "interest-missing": (
        "Nothing says what is asked for. Name a column or a constant for it in a mapping file, or "
        "say it for the whole upload (interest).",
        "Es fehlt das Anliegen. Nennen Sie dafür eine Spalte oder einen festen Wert in einer "
        "Zuordnungsdatei, oder sagen Sie es für die ganze Datei (interest).",
    ),
    "value-too-long": (
        "The value is longer than {limit} characters.",
        "Der Wert ist länger als {limit} Zeichen.",
    ),
    "cell-too-long": (
        "A cell is longer than {limit} characters.",
        "Eine Zelle ist länger als {limit} Zeichen.",
    ),
    "too-many-columns": (
        "The row has more columns than the header.",
        "Die Zeile hat mehr Spalten als die Kopfzeile.",
    ),
    "test-lead": (
        "This is a test lead of the advertising platform, not a person.",
        "Dies ist ein Test-Lead der Werbeplattform, keine Person.",
    ),
    "duplicate": (
        "The same lead as in row {first_row}.",
        "Derselbe Lead wie in Zeile {first_row}.",
    ),
    # A row imported, with something to know.
    "contact-unsure": (
        "No contact is sure: the lead stays a draft until somebody corrects it.",
        "Kein Kontakt ist sicher: Der Lead bleibt Entwurf, bis ihn jemand berichtigt.",
    ),
    "name-from-company": (
        "There is no person's name; the company's is used.",
        "Ohne Personenname; es gilt die Firma.",
    ),
    "interest-shortened": (
        "The interest was shortened to its first line; the full text is among the answers.",
        "Das Anliegen wurde auf die erste Zeile gekürzt; der ganze Text steht bei den Antworten.",
    ),
    "consent-unclear": (
        "The consent is neither yes nor no; it counts as not given.",
        "Die Einwilligung ist weder ja noch nein; sie gilt als nicht erteilt.",
    ),
    "columns-missing": (
        "The row ends before the last column; the rest counts as empty.",
        "Die Zeile endet vor der letzten Spalte; der Rest gilt als leer.",
    ),
    "row-of-other-encoding": (
        "The row is not in the file's encoding; it was read as {encoding}.",
        "Die Zeile hat nicht die Kodierung der Datei; sie wurde als {encoding} gelesen.",
    ),
    "bytes-unreadable": (
        "The row has bytes that are no text; � stands in their place.",
        "Die Zeile hat Bytes, die kein Text sind; an ihrer Stelle steht �.",
    ),
    "cell-error": (
        "The cell shows an error of the spreadsheet ({error}); it counts as empty.",
        "Die Zelle zeigt einen Fehler der Tabellenkalkulation ({error}); sie gilt als leer.",
    ),
    "time-unknown": (
        "The time was not understood; the moment of the import counts.",
        "Die Zeitangabe wurde nicht verstanden; es gilt der Zeitpunkt des Imports.",
    ),
    "time-ambiguous": (
        "Day and month can be read either way; the moment of the import counts.",
        "Tag und Monat lassen sich auf zwei Arten lesen; es gilt der Zeitpunkt des Imports.",
    ),
    "time-implausible": (
        "The time is before 2000 or in the future; the moment of the import counts.",
        "Die Zeitangabe liegt vor 2000 oder in der Zukunft; es gilt der Zeitpunkt des Imports.",
    ),
    "time-without-clock": (
        "There is a date without a time; the beginning of that day counts.",
        "Es steht ein Datum ohne Uhrzeit da; es gilt der Beginn dieses Tages.",
    ),
    "time-twice": (
        "The hour happened twice that night; the first one counts.",
        "Die Stunde gab es in dieser Nacht zweimal; es gilt die erste.",
    ),
    # The file as a whole, accepted.
    "interest-column-missing": (
        "No column tells the interest: name it for the whole upload (interest), or send a mapping.",
        "Keine Spalte nennt das Anliegen: Nennen Sie es für die ganze Datei (interest), oder "
        "senden Sie eine Zuordnung mit.",
    ),
    "times-without-zone": (
        "Times name no zone; they were read as Europe/Berlin. A mapping can say another "
        "(time_zone).",
        "Die Zeitangaben nennen keine Zeitzone; sie wurden als Europe/Berlin gelesen. Eine "
        "Zuordnung kann eine andere nennen (time_zone).",
    ),
    "sheets-left-out": (
        "Sheets without a known header, or hidden, were left out: {names}.",
        "Blätter ohne bekannte Kopfzeile oder ausgeblendete wurden ausgelassen: {names}.",
    ),
    "encoding-mixed": (
        "{rows} rows are not in the file's encoding ({encoding}); each of them says so.",
        "{rows} Zeilen haben nicht die Kodierung der Datei ({encoding}); jede sagt es dazu.",
    ),
    "consent-column-missing": (
        "No column tells the consent and the upload did not state it: all leads stay drafts.",
        "Keine Spalte nennt die Einwilligung, und beim Hochladen fehlte sie: Alle Leads bleiben "
        "Entwürfe.",
    ),
}


_SHOWN_HEADERS: Final = 40


def say(code: str, **values: object) -> tuple[str, str]:
    """Return the English and the German sentence of `code`, with its placeholders filled."""
    english, german = TEXTS.get(code) or CONTACT_TEXTS[code]
    return english.format(**values), german.format(**values)


def remark(code: str, field: str | None = None, **values: object) -> Noticed:
    """The remark of this code about a column, a row or the file."""
    english, german = say(code, **values)
    return Noticed(code=code, field=field, detail_en=english, detail_de=german)


class ImportRefused(Exception):
    """The file as a whole cannot be imported; nothing of it was.

    `code` is stable; `detail_en` and `detail_de` are for people; `headers` are those found, when
    there were any;
    `mapping` is one to begin with, made of what was recognised.
    """

    def __init__(
        self,
        code: str,
        *,
        headers: list[str] | None = None,
        mapping: str | None = None,
        **values: object,
    ) -> None:
        self.code = code
        self.headers = headers or []
        self.mapping = mapping
        if headers:
            more = " …" if len(headers) > _SHOWN_HEADERS else ""
            values["headers"] = ", ".join(headers[:_SHOWN_HEADERS]) + more
        self.detail_en, self.detail_de = say(code, **values)
        super().__init__(f"{code}: {self.detail_en}")

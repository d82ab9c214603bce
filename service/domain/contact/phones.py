"""Phone numbers: E.164, or nothing sure.

Letters are never dialled: a cell is cut into runs of digits and their punctuation, and words around
them are only read as words. A number is *explicit* when it begins with `+`, `00` or, where the
country dials so, with its `0`. The first explicit valid one is taken. Anything else has lost its
beginning, mostly to a spreadsheet, and is completed only where no other reading exists:

* `15223456031` lost its `0`: no number of an area begins with 1, and +1 522 is a personal number
  that nobody writes without its `+`;
* `4915223456032` lost its `+`, or is 0491 5223456032 in Leer: stays text;
* `23125101` lost the `0` of 0231 (Dortmund), or is a number in the writer's own area: stays text;
* `4,91512E+12` has lost its digits.
"""

import re
from typing import Final, NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType

from service.domain.contact.reading import MAX_TEXT, Reading, simple

#: A German number that needs no reading, with what people write between its digits.
_GERMAN: Final = re.compile(r"(?:(\+49)|0)((?:[ /-]?[0-9])+)")
_ROUNDED: Final = re.compile(r"\+?\d(?:[.,]\d*)?E\+?\d{1,2}", re.IGNORECASE)
_FLOAT_TAIL: Final = re.compile(r"(?<=\d{5})[.,]0{1,2}$")
_RUN: Final = re.compile(r"\(?(?:\+\s*)?[(\d](?:[\d\s()/.\-‐‑‒–—−]|(?<=\d)\u00ad)*")
_PLAIN: Final = re.compile(
    r"\+[0-9]{7,15}|\+[0-9]{1,3}(?: [1-9][0-9]+){1,5}|0[0-9]+(?: [1-9][0-9]+)?"
)
_TWICE: Final = re.compile(r"\+([0-9]{1,3}) ?\1")
_DIGIT: Final = re.compile(r"\d")
#: Where two numbers may meet within a run.
_SEAM: Final = re.compile(r"\s*/\s*|\s+[-‒–—−]\s+|\s+(?=\(?0)")
_LABEL: Final = re.compile(
    r"(?:tel(?:efon)?|phone|fon|(?:tel|telefon|ruf)[.-]?(?:nummer|nr)|nr|tel:)[.:]*", re.IGNORECASE
)
_FAX_OF_NEXT: Final = re.compile(r"fax\W*$", re.IGNORECASE)
_FAX_OF_LAST: Final = re.compile(
    r"[\s(]*(?:tele)?fax[\s).]*(?:[,;|].*)?$", re.IGNORECASE | re.DOTALL
)
#: Fewer digits are an extension, a time of day, a house: never a number of their own.
_FEWEST: Final = 6
#: A subscriber's number within his area has at most so many digits.
_LONGEST_LOCAL: Final = 8


class _Run(NamedTuple):
    text: str
    fax: bool


def read_phone(text: str, region: str | None) -> Reading:
    """Return the first sure number of `text` as E.164, read as dialled in `region`; without one,
    only numbers in international notation are sure.

    Codes: phone-invalid, phone-ambiguous, phone-rounded (all without a value); phone-rest-kept,
    phone-fax, phone-zero-restored, phone-plus-restored.
    """
    text = _FLOAT_TAIL.sub("", simple(text))
    if not text:
        return Reading(None)
    if _PLAIN.fullmatch(text) and not _TWICE.match(
        text
    ):  # nothing but one number that begins as numbers do
        number = _valid(text, region)
        if number is not None:
            return Reading(number)
    if _ROUNDED.fullmatch(text):
        return Reading(None, "phone-rounded", keep=True)
    runs = _runs(text) if len(text) <= MAX_TEXT else []
    alone = len(runs) == 1 and _count(text) == _count(runs[0].text)
    code = "phone-invalid"
    for run in sorted(runs, key=lambda run: run.fax):
        number, said, used = _number_in(run.text, region, alone)
        if number is not None:
            if run.fax:
                return Reading(number, "phone-fax", keep=True)
            if _is_rest(text.replace(used, " ", 1)):
                return Reading(number, "phone-rest-kept", keep=True)
            return Reading(number, said)
        code = said or code
    return Reading(None, code, keep=True)


def _runs(text: str) -> list[_Run]:
    """The parts of `text` that may be numbers, and whether each is said to be a fax."""
    spans = [
        (found.start(), found.end()) for found in _RUN.finditer(text) if _count(found[0]) >= _FEWEST
    ]
    runs = []
    for index, (start, end) in enumerate(spans):
        before = text[spans[index - 1][1] if index else 0 : start]
        after = text[end : spans[index + 1][0] if index + 1 < len(spans) else None]
        last = index + 1 == len(spans)
        of_last = _FAX_OF_LAST.match(after) and (last or re.search(r"[,;|]", after))
        owned = index > 0 and _FAX_OF_LAST.match(before) and re.search(r"[,;|]", before)
        fax = bool(_FAX_OF_NEXT.search(before) and not owned) or bool(of_last)
        runs.append(_Run(text[start:end].strip(), fax))
    return runs


def _count(text: str) -> int:
    return len(_DIGIT.findall(text))


def _is_rest(text: str) -> bool:
    """Whether what stands around a number says anything beyond that it is one."""
    return any(re.search(r"\w", word) and not _LABEL.fullmatch(word) for word in text.split())


def _number_in(run: str, region: str | None, alone: bool) -> tuple[str | None, str | None, str]:
    """The number of a run (or None), a code about it, and the part of the run that is it."""
    written, run = run, re.sub(r"^(\(?\+)\s+", r"\1", run)
    if not re.match(r"\(?\+|\(?0", run):
        number, code = _completed(re.sub(r"\D", "", run), region) if alone else (None, None)
        return number, code, written
    if region is None and not re.match(r"\(?\+|\(?00", run):
        return None, "phone-ambiguous", written
    whole = _valid(run, region)
    if whole is not None and not re.match(r"\(?0(?!0)", run) and _is_twice(whole):
        return None, "phone-ambiguous", written
    for seam in _SEAM.finditer(run):
        left, right = run[: seam.start()], run[seam.end() :]
        if _count(left) < _FEWEST + 1 or not _count(right):
            continue
        number = _valid(left, region)
        if number is None:
            continue
        second = re.match(r"\(?\+|\(?0|[-‒–—−]", right) and (
            _valid(right, region) is not None or not right[0].isdigit()
        )
        if second or (whole is None and _count(right) < _FEWEST):
            return number, None, left
        if whole is not None and "/" in seam[0]:
            return None, "phone-ambiguous", written
    return whole, None, written


def _completed(digits: str, region: str | None) -> tuple[str | None, str | None]:
    """A number without its beginning: completed where only one reading exists."""
    abroad = _valid("+" + digits, None)
    if region is None:
        return None, "phone-ambiguous" if abroad else None
    home = _valid(digits, region)
    if home and abroad and _kind(abroad) == PhoneNumberType.PERSONAL_NUMBER:
        abroad = None
    if home == abroad:
        return home, None
    if home and abroad:
        return None, "phone-ambiguous"
    if abroad:
        return abroad, "phone-plus-restored"
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None or metadata.national_prefix != "0":
        return home, None
    if home and digits.startswith(str(phonenumbers.country_code_for_region(region))):
        return None, "phone-ambiguous"  # a + is more likely lost than a 0, and a digit with it
    if home and (len(digits) > _LONGEST_LOCAL or _kind(home) == PhoneNumberType.MOBILE):
        return home, "phone-zero-restored"
    return None, "phone-ambiguous" if home else None


def _kind(number: str) -> int:
    return phonenumbers.number_type(phonenumbers.parse(number))


def _is_twice(e164: str) -> bool:
    """Whether the country's code was written twice (`+49 49 152 …`): what is valid with it once is
    a mobile number, and with it twice somebody else's landline.
    """
    number = phonenumbers.parse(e164)
    code, national = str(number.country_code), str(number.national_number)
    if not national.startswith(code):
        return False
    once = phonenumbers.PhoneNumber(int(code), int(national[len(code) :] or 0))
    return phonenumbers.number_type(once) == PhoneNumberType.MOBILE


def _valid(text: str, region: str | None) -> str | None:
    """E.164 of a valid number, or None."""
    german = _GERMAN.fullmatch(text)
    if german and (german[1] or region == "DE"):
        digits = re.sub("[ /-]", "", german[2])
        # Not 00 and not +49 0, which are read with care. Most are these, and parsing is dear.
        if not digits.startswith("0") and phonenumbers.is_valid_number(
            phonenumbers.PhoneNumber(country_code=49, national_number=int(digits))
        ):
            return "+49" + digits
    if region is None and re.match(r"\(?00", text):
        text = "+" + re.sub(r"^\(?00", "", text)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

"""What is said about contact data that was changed, left as text or not understood, in English and
German. Codes are stable: clients match on them, texts may be reworded.
"""

from typing import Final

import msgspec

#: code -> (English, German)
TEXTS: Final[dict[str, tuple[str, str]]] = {
    # Nothing sure: a door that must have a value refuses with these.
    "email-invalid": ("The e-mail address is not valid.", "Die E-Mail-Adresse ist ungültig."),
    "email-ambiguous": (
        "A word before the e-mail address may be part of it: write the address alone, or in < >.",
        "Ein Wort vor der E-Mail-Adresse könnte dazugehören: Bitte die Adresse allein schreiben, "
        "oder in < >.",
    ),
    "phone-invalid": ("The phone number is not valid.", "Die Telefonnummer ist ungültig."),
    "phone-ambiguous": (
        "The phone number can be read in two ways: write it with + and the country's code, or with "
        "its leading zero.",
        "Die Telefonnummer lässt sich auf zwei Arten lesen: Bitte mit + und Landesvorwahl oder mit "
        "der führenden Null schreiben.",
    ),
    "phone-rounded": (
        "A spreadsheet rounded the phone number, its last digits are lost: format the column as "
        "text and export it again.",
        "Eine Tabellenkalkulation hat die Telefonnummer gerundet, die letzten Ziffern sind "
        "verloren: Bitte die Spalte als Text formatieren und neu exportieren.",
    ),
    "postcode-invalid": (
        "The postcode is not one of its country.",
        "Die Postleitzahl passt nicht zum Land.",
    ),
    "postcode-ambiguous": (
        "The postcode may be German without its leading zero, or that of a country with four "
        "digits: name the country.",
        "Die Postleitzahl kann eine deutsche ohne führende Null sein oder die eines Landes mit "
        "vier Ziffern: Bitte das Land nennen.",
    ),
    # Kept as text instead.
    "email-kept-as-answer": (
        "The e-mail address is not valid; it is kept among the answers as it was written.",
        "Die E-Mail-Adresse ist ungültig; sie steht unverändert bei den Antworten.",
    ),
    "email-ambiguous-kept-as-answer": (
        "A word before the e-mail address may be part of it; it is kept among the answers as it "
        "was written.",
        "Ein Wort vor der E-Mail-Adresse könnte dazugehören; sie steht unverändert bei den "
        "Antworten.",
    ),
    "phone-kept-as-answer": (
        "The phone number is not valid as it stands; it is kept among the answers as it was "
        "written.",
        "Die Telefonnummer ist so nicht gültig; sie steht unverändert bei den Antworten.",
    ),
    "phone-ambiguous-kept-as-answer": (
        "The phone number can be read in two ways (a `+` or a zero is missing); it is kept among "
        "the answers as it was written.",
        "Die Telefonnummer lässt sich auf zwei Arten lesen (ein `+` oder eine Null fehlt); sie "
        "steht unverändert bei den Antworten.",
    ),
    "phone-rounded-kept-as-answer": (
        "A spreadsheet rounded the phone number, its last digits are lost; what is left is kept "
        "among the answers.",
        "Eine Tabellenkalkulation hat die Telefonnummer gerundet, die letzten Ziffern sind "
        "verloren; der Rest steht bei den Antworten.",
    ),
    "postcode-kept-as-answer": (
        "The postcode is not valid; it is kept among the answers as it was written.",
        "Die Postleitzahl ist ungültig; sie steht unverändert bei den Antworten.",
    ),
    "postcode-ambiguous-kept-as-answer": (
        "The postcode may be German without its leading zero, or that of a country with four "
        "digits; it is kept among the answers as it was written.",
        "Die Postleitzahl kann eine deutsche ohne führende Null sein oder die eines Landes mit "
        "vier Ziffern; sie steht unverändert bei den Antworten.",
    ),
    "country-kept-as-answer": (
        "The country was not recognised; it is kept among the answers.",
        "Das Land wurde nicht erkannt; es steht bei den Antworten.",
    ),
    # Understood, and not as it was written.
    "email-rest-kept": (
        "Besides an e-mail address there was more; the first sure address is taken, all of it is "
        "kept among the answers.",
        "Neben einer E-Mail-Adresse stand noch mehr; es gilt die erste sichere Adresse, alles "
        "steht bei den Antworten.",
    ),
    "email-trimmed": (
        "Signs around the e-mail address were taken off.",
        "Zeichen um die E-Mail-Adresse wurden entfernt.",
    ),
    "email-formatted": (
        "The e-mail address is stored with its domain in lower case.",
        "Die E-Mail-Adresse steht mit kleingeschriebener Domain.",
    ),
    "phone-rest-kept": (
        "Besides a phone number there was more; the first sure number is taken, all of it is kept "
        "among the answers.",
        "Neben einer Telefonnummer stand noch mehr; es gilt die erste sichere Nummer, alles steht "
        "bei den Antworten.",
    ),
    "phone-fax": (
        "The only number is said to be a fax; all of it is kept among the answers.",
        "Die einzige Nummer ist als Fax bezeichnet; alles steht bei den Antworten.",
    ),
    "phone-zero-restored": (
        "The phone number had lost its leading zero, and has no other reading.",
        "Die Telefonnummer hatte ihre führende Null verloren und ist anders nicht lesbar.",
    ),
    "phone-plus-restored": (
        "The phone number had lost its +, and has no other reading.",
        "Die Telefonnummer hatte ihr + verloren und ist anders nicht lesbar.",
    ),
    "phone-formatted": (
        "The phone number is stored in international notation.",
        "Die Telefonnummer steht in internationaler Schreibweise.",
    ),
    "postcode-padded": (
        "The postcode had lost its leading zero, which was put back.",
        "Die Postleitzahl hatte ihre führende Null verloren; sie wurde ergänzt.",
    ),
    "postcode-cleaned": (
        "The postcode was a formatted number; its digits are taken.",
        "Die Postleitzahl war eine formatierte Zahl; es gelten ihre Ziffern.",
    ),
    "postcode-formatted": (
        "The postcode is stored in its country's form.",
        "Die Postleitzahl steht in der Form ihres Landes.",
    ),
    "city-from-postcode": (
        "The city stood beside the postcode.",
        "Der Ort stand bei der Postleitzahl.",
    ),
    "postcode-rest-kept": (
        "Beside the postcode stood another city; all of it is kept among the answers.",
        "Bei der Postleitzahl stand ein anderer Ort; alles steht bei den Antworten.",
    ),
    "country-formatted": (
        "The country is stored as its code of two letters.",
        "Das Land steht als Code aus zwei Buchstaben.",
    ),
    "country-from-postcode": (
        "The country is the one that the letter before the postcode names.",
        "Das Land ist das, welches der Buchstabe vor der Postleitzahl nennt.",
    ),
    "characters-removed": (
        "Invisible control characters were removed.",
        "Unsichtbare Steuerzeichen wurden entfernt.",
    ),
}

#: Why no value is sure -> what is said when the text is kept instead.
KEPT: Final[dict[str, str]] = {
    "email-invalid": "email-kept-as-answer",
    "email-ambiguous": "email-ambiguous-kept-as-answer",
    "phone-invalid": "phone-kept-as-answer",
    "phone-ambiguous": "phone-ambiguous-kept-as-answer",
    "phone-rounded": "phone-rounded-kept-as-answer",
    "postcode-invalid": "postcode-kept-as-answer",
    "postcode-ambiguous": "postcode-ambiguous-kept-as-answer",
}


class Said(msgspec.Struct, frozen=True):
    """A sentence in both languages."""

    en: str
    de: str


class Noticed(msgspec.Struct, frozen=True, kw_only=True):
    """Something to know about a value: `field` is the field of the prospect, or the column's
    header.
    """

    code: str
    field: str | None
    detail_en: str
    detail_de: str


def remark(code: str, field: str | None) -> Noticed:
    """The remark of this code about a field."""
    english, german = TEXTS[code]
    return Noticed(code=code, field=field, detail_en=english, detail_de=german)

"""Tags from what somebody asks for, so that leads find the takers who work in that trade.

A closed list: a tag is a lower-case ASCII slug, a stem matches at the beginning of a word or inside
a German compound where that is unambiguous. An interest may have several tags (photovoltaics with a
battery) or none.
"""

import re
from typing import Final

#: tag -> stems, as they read after `_folded`. A stem with a leading `^` matches whole words only.
TOPICS: Final[dict[str, tuple[str, ...]]] = {
    "photovoltaik": ("photovolta", "fotovolta", "solar", "^pv", "balkonkraftwerk"),
    "batteriespeicher": (
        "batteriespeicher",
        "stromspeicher",
        "heimspeicher",
        "solarspeicher",
        "battery storage",
    ),
    "waermepumpe": ("waermepumpe", "heat pump"),
    "heizung": ("heizung", "gastherme", "pelletkessel", "heating"),
    "wallbox": ("wallbox", "ladestation", "charging station"),
    "fenster": ("fenster", "window", "haustuer"),
    "daemmung": ("daemmung", "insulation"),
    "dach": ("dachdeck", "dachsanierung", "^dach", "roof"),
    "kueche": ("kueche", "kitchen"),
    "bad": ("badsanierung", "badezimmer", "^bad", "bathroom"),
    "umzug": ("umzug", "umzuege", "relocation", "mover", "moving"),
    "treppenlift": ("treppenlift", "stairlift", "stair lift"),
    "wintergarten": ("wintergarten", "wintergaerten", "conservatory"),
    "garten": ("^garten", "gartenbau", "gartengestaltung", "landscaping"),
    "maler": ("maler", "painter"),
}
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "-": " ", "_": " "})
_PATTERNS: Final = {
    tag: re.compile(
        "|".join(
            rf"\b{re.escape(stem[1:])}\b" if stem[0] == "^" else re.escape(stem) for stem in stems
        )
    )
    for tag, stems in TOPICS.items()
}


def tags_of(interest: str) -> list[str]:
    """Return the tags that `interest` (NFC) names, in the order of `TOPICS`."""
    folded = interest.casefold().translate(_UMLAUTS)
    return [tag for tag, pattern in _PATTERNS.items() if pattern.search(folded)]


def slug_of(text: str) -> str:
    """Return `text` as a tag: lower case, umlauts written out, words joined by a hyphen; maybe
    empty.
    """
    folded = text.casefold().translate(_UMLAUTS)
    return "-".join(re.findall(r"[a-z0-9]+", folded))[:50].strip("-")

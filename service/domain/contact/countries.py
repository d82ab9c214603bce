"""Countries as people write them: ISO codes, license plate letters, names in German and English."""

from typing import Final

#: ISO code -> what else is read as it, case folded. A code is read as itself in any case.
_NAMES: Final[dict[str, str]] = {
    "DE": "d deu deutschland germany brd bundesrepublik allemagne",
    "AT": "a aut österreich oesterreich austria autriche",
    "CH": "che schweiz switzerland suisse svizzera",
    "LI": "fl lie liechtenstein",
    "LU": "l lux luxemburg luxembourg",
    "NL": "nld niederlande netherlands holland nederland",
    "BE": "b bel belgien belgium belgique belgië",
    "FR": "f fra frankreich france",
    "IT": "i ita italien italy italia",
    "DK": "dnk dänemark denmark danmark",
    "PL": "pol polen poland polska",
    "CZ": "cze tschechien czechia",
    "SK": "svk slowakei slovakia",
    "HU": "h hun ungarn hungary",
    "SI": "slo svn slowenien slovenia",
    "HR": "hrv kroatien croatia",
    "ES": "e esp spanien spain",
    "PT": "p prt portugal",
    "SE": "s swe schweden sweden",
    "NO": "n nor norwegen norway",
    "FI": "fin finnland finland",
    "IE": "irl irland ireland",
    "GR": "grc griechenland greece",
    "RO": "rou rumänien romania",
    "BG": "bgr bulgarien bulgaria",
    "TR": "tur türkei turkey türkiye",
    "UA": "ukr ukraine",
    "GB": "uk gbr großbritannien england",
    "US": "usa",
}
_CODES: Final[dict[str, str]] = {
    written: code
    for code, names in _NAMES.items()
    for written in (code.casefold(), *names.casefold().split())
} | {"united kingdom": "GB", "united states": "US", "vereinigtes königreich": "GB"}


def country_of(text: str) -> str | None:
    """Return the ISO code of a country that is written as code or name, or None when it is not
    known here.
    """
    return _CODES.get(text.casefold().strip(" ."))

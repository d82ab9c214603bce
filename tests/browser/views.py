"""How a page is looked at: size, theme, language. A test names one, or is given two of all."""

import hashlib
from typing import NamedTuple

PHONE, DESKTOP, ZOOMED = "phone", "desktop", "zoomed"
# A window of 1280 by 800 at 200 % is one of half that size with twice the points.
SIZES = {PHONE: (360, 740, 2), DESKTOP: (1280, 800, 1), ZOOMED: (640, 400, 2)}


class View(NamedTuple):
    """One of them; `str(view)` is its id."""

    size: str = DESKTOP
    theme: str = "light"
    language: str = "de"

    def __str__(self) -> str:
        return "-".join(self)

    @property
    def context(self) -> dict[str, object]:
        """What Playwright makes a context of. Nothing moves, so nothing has to be waited for."""
        width, height, points = SIZES[self.size]
        return {
            "viewport": {"width": width, "height": height},
            "device_scale_factor": points,
            "has_touch": self.size == PHONE,
            "is_mobile": self.size == PHONE,
            "color_scheme": self.theme,
            "locale": {"de": "de-DE", "en": "en-GB"}[self.language],
            "timezone_id": "Europe/Berlin",
            "reduced_motion": "reduce",
        }


GRID = [View(s, t, w) for s in SIZES for t in ("light", "dark") for w in ("de", "en")]


def one_of(name: str) -> list[View]:
    """One of these two: about half of all screens are seen small, the others large."""
    return [two_of(name)[hashlib.sha256(name.encode()).digest()[1] & 1]]


def two_of(name: str) -> list[View]:
    """A small and a large one for the screen of this name, which differ in theme and language, too:
    so each screen is seen in both of each, and all screens together in all of them."""
    turn = hashlib.sha256(name.encode()).digest()[0]
    themes, languages = ("light", "dark"), ("de", "en")
    theme, language = turn & 1, turn >> 1 & 1
    return [
        View(PHONE, themes[theme], languages[language]),
        View(DESKTOP, themes[1 - theme], languages[1 - language]),
    ]

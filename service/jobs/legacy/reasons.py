"""Why a legacy row waits, was adjusted, or deserves a look.

The words are those of reasons.toml, and of contact data those of every door.
"""

import functools
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from service.domain.contact.remarks import KEPT, TEXTS

Language = Literal["de", "en"]
Kind = Literal["quarantine", "adjusted", "warning"]


class Reason(msgspec.Struct, frozen=True):
    """A reason in both languages; what heals it only where something must."""

    kind: Kind
    en: str
    de: str
    heals_en: str = ""
    heals_de: str = ""

    def what(self, language: Language) -> str:
        """What was found."""
        return self.de if language == "de" else self.en

    def heals(self, language: Language) -> str:
        """What heals it."""
        return self.heals_de if language == "de" else self.heals_en


@functools.cache
def reasons() -> dict[str, Reason]:
    """All reasons by their name."""
    text = Path(__file__).with_name("reasons.toml").read_text(encoding="utf-8")
    kept = {*KEPT.values(), "country-kept-as-answer"}
    contact = {
        code: Reason("warning" if code in kept else "adjusted", english, german)
        for code, (english, german) in TEXTS.items()
        if code not in KEPT
    }
    return {**contact, **msgspec.convert(tomllib.loads(text), dict[str, Reason])}

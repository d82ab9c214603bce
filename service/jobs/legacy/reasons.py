"""Why a legacy row waits, was adjusted, or deserves a look: the words of reasons.toml."""

import functools
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

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
    return msgspec.convert(tomllib.loads(text), dict[str, Reason])

"""The catalogue of problems: every error that a client can meet, with its status and its texts.

The texts are in `errors.toml`. The slug is the identifier, the same in SQL
(`app_private.refuse`), in Python, in the answer's `type` (`urn:kollegium:problem:<slug>`) and in
`docs/errors.md`, which `python -m service.errors` writes anew.
"""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """Status of a problem; title and what to do about it, in English and German."""

    status: int
    en: str
    de: str
    hint_en: str
    hint_de: str

    def texts(self, language: str) -> tuple[str, str]:
        """Title and hint in "de" or else in English."""
        return (self.de, self.hint_de) if language == "de" else (self.en, self.hint_en)


_TOLD = tomllib.loads(Path(__file__).with_name("errors.toml").read_text(encoding="utf-8"))
KINDS = {
    slug: Kind(kind["status"], kind["en"][0], kind["de"][0], kind["en"][1], kind["de"][1])
    for slug, kind in _TOLD.items()
}
#: What an answer has beside these, by name.
MEMBERS: dict[str, list[str]] = {slug: kind.get("members", []) for slug, kind in _TOLD.items()}
URN = "urn:kollegium:problem:"


class Problem(Exception):
    """An error for the client: a slug of KINDS and what helps him, never what he may not see.

    `errors` says where it is wrong; `detail` are the members of the answer that `errors.toml`
    names. A slug that nobody knows is an error of ours: internal.
    """

    def __init__(
        self,
        slug: str,
        *,
        errors: list[dict[str, str]] | None = None,
        retry_after: int | None = None,
        **detail: Any,
    ) -> None:
        super().__init__(slug)
        self.slug = slug if slug in KINDS else "internal"
        self.status = KINDS[self.slug].status
        self.errors = errors
        self.retry_after = retry_after
        self.detail = detail if self.slug == slug else {}


class Refused(Problem):
    """A refusal that the database returned instead of raising it: what it counted is kept."""


_HEAD = """# Errors

Every error is `application/problem+json` (RFC 9457): `type` is `urn:kollegium:problem:` and the
identifier below, `title` and `detail` follow `Accept-Language` (German or English). Written by
`python -m service.errors` from `service/errors.toml`; a test keeps it current.

| status | identifier | title | what to do |
|---|---|---|---|
"""


def as_markdown() -> str:
    """The text of docs/errors.md."""
    lines = [
        f"| {kind.status} | `{slug}` | {kind.en}<br>*{kind.de}*"
        f" | {kind.hint_en}<br>*{kind.hint_de}* |"
        for slug, kind in sorted(KINDS.items(), key=lambda item: item[1].status)
    ]
    return _HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    target = Path(__file__).resolve().parent.parent / "docs" / "errors.md"
    target.write_text(as_markdown(), encoding="utf-8")

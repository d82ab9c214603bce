"""What the service refused or could not do: one exception for every such answer."""

from typing import Any

import httpx
import msgspec

_URN = "urn:kollegium:problem:"
# A proxy's own answers.
_WITHOUT_WORDS = {429: "too-many-requests"} | dict.fromkeys((502, 503, 504), "unavailable")


class Problem(Exception):
    """An RFC 9457 problem.

    code: the word of the contract, e.g. `lead-no-longer-available`; title and detail: for people,
    in the language that the client asks for; errors: each with `pointer` or `parameter` and
    `detail`; retry_after: seconds to wait, where the service says so; more: what this problem tells
    besides, e.g. `until`; request_id: what to name when you ask the operator of the service.
    """

    def __init__(self, status: int, members: dict[str, Any], headers: httpx.Headers) -> None:
        self.status = status
        self.code = str(members.pop("type", "")).removeprefix(_URN)
        self.title = str(members.pop("title", ""))
        self.detail = str(members.pop("detail", ""))
        self.errors: list[dict[str, Any]] = members.pop("errors", [])
        members.pop("status", None)
        self.more = members
        after = headers.get("retry-after", "")
        self.retry_after = float(after) if after.isdigit() else None
        self.request_id = headers.get("x-request-id")
        said = [f"{_place(error)} {error.get('detail', '')}".strip() for error in self.errors]
        super().__init__(": ".join([f"{status} {self.title}", *(said or [self.detail])]))


def _place(error: dict[str, Any]) -> str:
    return str(error.get("pointer") or error.get("parameter") or "")


def problem_of(answer: httpx.Response) -> Problem:
    """The problem in an answer, also where something between client and service answered."""
    try:
        members = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        members = None
    if not isinstance(members, dict) or "type" not in members:
        code = _WITHOUT_WORDS.get(answer.status_code, f"status-{answer.status_code}")
        members = {"type": code, "title": answer.reason_phrase, "detail": answer.text[:200]}
    return Problem(answer.status_code, members, answer.headers)

"""The errors in the description of the API: a schema for each problem, a response for each status.

Generators make a class of each schema and leave out what they cannot narrow, so a problem is one
object with `enum` for what is fixed, and a status that has several is one of them.
"""

from typing import Any

from service import errors
from service.errors import KINDS, URN
from service.web.problems import MEDIA_TYPE

Json = dict[str, Any]
REF = "#/components/schemas/{name}"
_HEADER = "#/components/headers/{name}"

# What problems have beyond type, title, status and detail.
MEMBERS: dict[str, Json] = {
    "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
    "reason": {"type": "string", "description": "What was found"},
    "mapping": {
        "type": "string",
        "description": "A mapping (TOML) to begin with, made of the headers that were recognised",
    },
    "limit": {"type": "integer", "description": "The most that is taken, in bytes"},
    "used": {"type": "integer", "description": "Bytes that the files of the company take"},
    "version": {"type": "integer", "description": "The present version"},
    "state": {"type": "string", "description": "The present state"},
    "allowed": {
        "type": "array",
        "items": {"type": "string"},
        "description": "States in which it can be done",
    },
    "lead_id": {
        "type": "string",
        "format": "uuid",
        "description": "The lead that has this external_ref",
    },
    "cap": {"type": "integer", "description": "The most leads at once, or in the period"},
    "period": {"enum": ["open", "day", "week", "month"], "type": "string"},
    "companies": {
        "type": "array",
        "items": {"type": "string", "format": "uuid"},
        "description": "The companies that do not fit",
    },
    "holders": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "area": {"type": "string"},
                "company_id": {"type": "string", "format": "uuid"},
                "company_name": {"type": "string"},
            },
            "required": ["area", "company_id", "company_name"],
            "additionalProperties": False,
        },
        "description": "Who holds which area that overlaps",
    },
    "reasons": {
        "type": "array",
        "items": {"type": "string"},
        "description": "The reasons for a return that the marketplace takes",
    },
    "calls": {
        "type": "array",
        "items": {"type": "string", "format": "uuid"},
        "description": "The calls that are none of the engagement",
    },
    "files": {
        "type": "array",
        "items": {"type": "string", "format": "uuid"},
        "description": "The files that are none of the engagement's shared ones",
    },
    "evidence": {"$ref": "#/components/schemas/Evidence"},
    "needed": {"$ref": "#/components/schemas/Evidence"},
    "quota": {"$ref": "#/components/schemas/ReturnQuota"},
    "colleague_name": {"type": "string", "description": "The colleague who is calling"},
    "until": {
        "type": "string",
        "format": "date-time",
        "description": "Until when at most",
    },
    "steps": {
        "type": "array",
        "items": {"type": "string"},
        "description": "The steps there are",
    },
    "week": {"type": "string", "description": "When they come, such as 2026-W42"},
    "days": {"type": "integer", "description": "How many days it was open"},
    "company_id": {
        "type": "string",
        "format": "uuid",
        "description": "The company that goes on for it",
    },
    "blocks": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Block"},
        "description": "What forbids the merge, as in the rehearsal",
    },
}


def schema_name(slug: str) -> str:
    """not-found: NotFoundProblem."""
    return "".join(word.capitalize() for word in slug.split("-")) + "Problem"


def schemas() -> Json:
    """Of every problem, and of what `errors` lists."""
    text = {"type": "string"}
    error = {
        "type": "object",
        "description": "One thing that is wrong: pointer says where in the body, or parameter which"
        " one of the address; detail in the language of the answer; code for programs.",
        "properties": dict.fromkeys(("pointer", "parameter", "code", "detail"), text),
        "required": ["detail"],
        "additionalProperties": False,
    }
    return {"FieldError": error, **{schema_name(slug): _schema(slug) for slug in KINDS}}


def _schema(slug: str) -> Json:
    kind, text = KINDS[slug], {"type": "string"}
    return {
        "type": "object",
        "description": f"{kind.en} (RFC 9457)",
        "properties": {
            "type": {"type": "string", "enum": [URN + slug]},
            "title": text,
            "status": {"type": "integer", "enum": [kind.status]},
            "detail": text,
            **{name: MEMBERS[name] for name in errors.MEMBERS[slug]},
        },
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": False,
    }


def examples() -> Json:
    """Each problem as it is told in English."""
    return {slug: _example(slug) for slug in KINDS}


def _example(slug: str) -> Json:
    kind = KINDS[slug]
    value = {"type": URN + slug, "title": kind.en, "status": kind.status, "detail": kind.hint_en}
    return {"summary": kind.en, "value": value}


def failures(slugs: list[str], shared: Json) -> Json:
    """One response a status; equal ones stand once, in `shared`."""
    by_status: dict[int, list[str]] = {}
    for slug in slugs:
        by_status.setdefault(KINDS[slug].status, []).append(slug)
    found = {}
    for status, group in sorted(by_status.items()):
        name = f"{status}.{'.'.join(sorted(group))}"
        shared[name] = _failure(status, sorted(group))
        found[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return found


def _failure(status: int, slugs: list[str]) -> Json:
    names = ["X-Request-Id", "Content-Language"]
    if status in (429, 503) or "idempotency-in-progress" in slugs:
        names.append("Retry-After")
    if status == 401:
        names.append("WWW-Authenticate")
    if status == 412:
        names.append("ETag")
    refs = [{"$ref": REF.format(name=schema_name(slug))} for slug in slugs]
    examples = {slug: {"$ref": f"#/components/examples/{slug}"} for slug in slugs}
    return {
        "description": "; ".join(KINDS[slug].en for slug in slugs),
        "headers": {name: {"$ref": _HEADER.format(name=name)} for name in names},
        "content": {
            MEDIA_TYPE: {
                "schema": refs[0] if len(refs) == 1 else {"oneOf": refs},
                "examples": examples,
            }
        },
    }

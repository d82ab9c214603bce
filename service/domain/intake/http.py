"""Routes: where leads come in without a log-in, and the keys to that."""

from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter, URLEncodedBody

from service.domain.intake import forms, operations, queries
from service.domain.intake.messages import (
    Fields,
    GoogleLead,
    IntakeKey,
    IntakeKeyDraft,
    MetaAccess,
    MetaNotification,
    NewIntakeKey,
    TakenIn,
)
from service.domain.intake.pages import shown
from service.vocabulary import Page, whole
from service.web.answers import Document
from service.web.calls import Call, Cursor, Limit
from service.web.crossing import crossed, origin_of

Key = Annotated[str, PathParameter(max_length=200)]
# As Meta names them.
Mode = Annotated[Literal["subscribe"], QueryParameter(name="hub.mode")]
VerifyToken = Annotated[str, QueryParameter(name="hub.verify_token", max_length=200)]
Challenge = Annotated[
    str, QueryParameter(name="hub.challenge", max_length=200, pattern=whole("[0-9A-Za-z_-]+"))
]


@get("/intake-keys", summary="Where leads come in for my company")
async def list_keys(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[IntakeKey]]:
    """Keys of forms and platforms, revoked ones too, newest first; never the keys themselves."""
    return await call.answer(queries.keys, cursor, limit)


@post(
    "/intake-keys",
    summary="A new address at which leads come in",
    refuses="admin-required giver-required not-found shown-once too-many-intake-keys",
    example={
        "marketplace_id": "0197a1c2-0000-7000-8000-000000000001",
        "kind": "form",
        "name": "huber-website",
        "interest": "Wärmepumpe",
        "consent_text": "Ich bin einverstanden, dass meine Angaben an einen Fachbetrieb gehen.",
        "origins": ["https://www.huber.example"],
    },
)
async def create_key(
    call: NamedDependency[Call], data: JSONBody[IntakeKeyDraft]
) -> Response[NewIntakeKey]:
    """For admins of a giver or the operator. The key is shown this once."""
    return await call.answer(operations.create, data, call.secret("kgf"))


@delete(
    "/intake-keys/{key_id:uuid}",
    summary="Nothing comes in by this key any more",
    status_code=204,
    refuses="admin-required",
)
async def revoke_key(call: NamedDependency[Call], key_id: FromPath[UUID]) -> Response[None]:
    """For admins; takes effect with the next request. The consent text stays as a proof."""
    return await call.answer(operations.revoke, key_id)


@post(
    "/intake/{key:str}",
    summary="A form of a web site",
    status_code=202,
    public=True,
    refuses="not-found origin-not-allowed too-many-requests",
    sends="text/html",
)
async def take_form(
    call: NamedDependency[Call], key: Key, data: URLEncodedBody[Fields]
) -> Response[TakenIn]:
    """Fields are told by their names, as columns of a list are (name or vorname and nachname,
    e-mail, telefon, plz, ort, anliegen ...); others become answers. `consent` is the box that is
    ticked; `website` must stay empty: who fills it in is no person, and is answered the same."""
    door = operations.Door(key, "form", None, origin_of(call), call.peer)
    take = partial(operations.take_in, call.database, door, forms.reader(data))
    answer = await crossed(call, take)
    return shown(answer, call)


@post(
    "/intake/{key:str}/google",
    summary="The webhook of Google's lead forms",
    status_code=200,
    public=True,
    refuses="not-found too-many-requests",
)
async def take_google(
    call: NamedDependency[Call], key: Key, data: JSONBody[GoogleLead]
) -> Response[TakenIn]:
    """As Google documents it. A lead that comes again is one lead; test data is only looked at."""
    door = operations.Door(key, "google", data.google_key, None, call.peer)
    take = partial(operations.take_in, call.database, door, forms.google_reader(data))
    return call.reply(await take())


@put(
    "/intake-keys/{key_id:uuid}/meta",
    summary="Another access token or app secret of Meta",
    status_code=204,
    refuses="admin-required",
    example={
        "app_secret": "0123456789abcdef0123456789abcdef",
        "access_token": "EAAB0123456789abcdef",
    },
)
async def set_meta_access(
    call: NamedDependency[Call], key_id: FromPath[UUID], data: JSONBody[MetaAccess]
) -> Response[None]:
    """For admins. What waited for it is fetched at once, and what was given up is tried again."""
    return await call.answer(operations.set_access, key_id, data)


@get(
    "/intake/{key:str}/meta",
    summary="Meta asks whether this address expects it",
    public=True,
    refuses="not-found too-many-requests",
    sends="text/plain",
)
async def confirm_meta(
    call: NamedDependency[Call], key: Key, token: VerifyToken, challenge: Challenge, mode: Mode
) -> Document:
    """As Meta documents it: the challenge is sent back to who knows the verify token."""
    door = operations.Door(key, "meta", token, None, call.peer)
    await operations.confirm_meta(call.database, door)
    return Document(challenge.encode(), "text/plain; charset=utf-8")


@post(
    "/intake/{key:str}/meta",
    summary="The webhook of Meta's lead ads",
    status_code=200,
    public=True,
    refuses="not-found too-many-requests",
)
async def take_meta(
    call: NamedDependency[Call], key: Key, data: JSONBody[MetaNotification]
) -> Response[TakenIn]:
    """As Meta documents it, signed in X-Hub-Signature-256. It only names leads; the worker fetches
    what they say. What is answered with 200 is kept until it was fetched."""
    signature = call.headers.get(b"x-hub-signature-256", b"")
    sent = (key, signature, call.raw, data)
    return call.reply(await operations.hear_of_meta(call.database, *sent))


router = Router(
    "",
    route_handlers=[
        list_keys,
        create_key,
        revoke_key,
        set_meta_access,
        take_form,
        take_google,
        confirm_meta,
        take_meta,
    ],
    tags=["intake"],
)

"""Routes: pages that mails lead to. GET changes nothing; forms go by POST, with the token in the
address and nothing of the browser's."""

import functools
from typing import Annotated
from urllib.parse import quote

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter, URLEncodedBody

from service.domain.pages import operations
from service.domain.pages.messages import AcceptanceForm, ConsentForm, ForgottenForm, PasswordForm
from service.domain.pages.view import page
from service.web.answers import HtmlPage
from service.web.bodies import FORM, Upload
from service.web.calls import Call

# Beside routes of other rooms at the same addresses, and none of them part of the API.
shown = functools.partial(get, public=True, standalone=True, include_in_schema=False)
sent = functools.partial(post, status_code=200, public=True, include_in_schema=False)
# A form of either kind, or nothing.
ONE_CLICK = Upload((FORM.value,), "body_limit", {}, "List-Unsubscribe=One-Click")
Token = Annotated[str, PathParameter(max_length=200)]


# Named as the admins' DELETE of the same address, which takes an id: Litestar knows one name there.
@shown("/invitations/{invitation_id:str}")
async def invitation(call: NamedDependency[Call], invitation_id: Token) -> HtmlPage:
    """A form; the same for every token."""
    action = f"/invitations/{_spelt(invitation_id)}/form"
    return page("invitation", call.language, action=action)


@sent("/invitations/{token:str}/form")
async def accept(
    call: NamedDependency[Call], token: Token, data: URLEncodedBody[AcceptanceForm]
) -> HtmlPage:
    """As `POST /invitations/{token}/accept`."""
    return await operations.accept(call, token, data)


@shown("/password-forgotten")
async def forgotten(call: NamedDependency[Call]) -> HtmlPage:
    """A form."""
    return page("password-forgotten", call.language, action="/password-forgotten")


@sent("/password-forgotten")
async def request_reset(
    call: NamedDependency[Call], data: URLEncodedBody[ForgottenForm]
) -> HtmlPage:
    """As `POST /password-resets`."""
    return await operations.request_reset(call, data)


@shown("/password-resets/{token:str}")
async def reset(call: NamedDependency[Call], token: Token) -> HtmlPage:
    """A form; the same for every token."""
    action = f"/password-resets/{_spelt(token)}/form"
    return page("password-reset", call.language, action=action)


@sent("/password-resets/{token:str}/form")
async def set_password(
    call: NamedDependency[Call], token: Token, data: URLEncodedBody[PasswordForm]
) -> HtmlPage:
    """As `POST /password-resets/{token}`."""
    return await operations.reset_password(call, token, data)


@shown("/merge-consents/{token:str}")
async def consent(call: NamedDependency[Call], token: Token) -> HtmlPage:
    """A form; the same for every token."""
    action = f"/merge-consents/{_spelt(token)}/form"
    return page("merge-consent", call.language, action=action)


@sent("/merge-consents/{token:str}/form")
async def answer_merge(
    call: NamedDependency[Call], token: Token, data: URLEncodedBody[ConsentForm]
) -> HtmlPage:
    """As `POST /merge-consents/{token}`."""
    return await operations.answer_merge(call, token, data)


@shown("/unsubscribe/{token:str}")
async def unsubscribe(call: NamedDependency[Call], token: Token) -> HtmlPage:
    """A button; the same for every token."""
    return page("unsubscribe", call.language, action=f"/unsubscribe/{_spelt(token)}")


@sent("/unsubscribe/{token:str}", upload=ONE_CLICK)
async def unsubscribed(call: NamedDependency[Call], token: Token) -> HtmlPage:
    """By the button, or by a mail program in one click (RFC 8058): what it sends is not looked at,
    and who is logged in is nothing to it."""
    return await operations.unsubscribe(call, token)


def _spelt(token: str) -> str:
    return quote(token, safe="")


handlers = [
    invitation,
    accept,
    forgotten,
    request_reset,
    reset,
    set_password,
    consent,
    answer_merge,
    unsubscribe,
    unsubscribed,
]

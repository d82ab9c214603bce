"""What the forms of pages do: the same as the API's routes do, said in a page."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from service.domain.companies import operations as companies
from service.domain.companies.messages import Acceptance
from service.domain.merges import operations as merges
from service.domain.merges.messages import TokenAnswer
from service.domain.notices import operations as notices
from service.domain.pages.messages import AcceptanceForm, ConsentForm, ForgottenForm, PasswordForm
from service.domain.pages.view import page, refusal
from service.domain.sessions import operations as sessions
from service.domain.sessions.messages import NewPassword, ResetRequest
from service.errors import Problem
from service.web.answers import HtmlPage
from service.web.calls import Call
from service.web.faults import faults

T = TypeVar("T")


async def accept(call: Call, token: str, form: AcceptanceForm) -> HtmlPage:
    """An invited person becomes a colleague."""

    async def work() -> dict[str, Any]:
        data = _checked(Acceptance, form)
        accepted = await companies.accept(call.database, token, data, call.peer)
        return {"company": accepted.company_name, "email": accepted.email}

    return await _told(call, "invitation-done", work)


async def reset_password(call: Call, token: str, form: PasswordForm) -> HtmlPage:
    """Sets a password with the token of the mail."""

    async def work() -> dict[str, Any]:
        data = _checked(NewPassword, form)
        await sessions.reset_password(call.database, token, data, call.peer)
        return {}

    return await _told(call, "password-reset-done", work)


async def request_reset(call: Call, form: ForgottenForm) -> HtmlPage:
    """Mails a token; says nothing about whether anybody has the address."""

    async def work() -> dict[str, Any]:
        data = _checked(ResetRequest, form)
        await call.database.run(None, sessions.request_reset, data)
        return {}

    return await _told(call, "password-forgotten-done", work)


async def answer_merge(call: Call, token: str, form: ConsentForm) -> HtmlPage:
    """An admin consents to a merge, or refuses."""

    async def work() -> dict[str, Any]:
        data = TokenAnswer(consent=form.consent)
        await call.database.run(None, merges.answer_by_token, token, data)
        return {"consent": form.consent}

    return await _told(call, "merge-consent-done", work)


async def unsubscribe(call: Call, token: str) -> HtmlPage:
    """Ends the kinds of mails that the token names; says nothing about it."""

    async def work() -> dict[str, Any]:
        await call.database.run(None, notices.unsubscribe, token)
        return {}

    return await _told(call, "unsubscribe-done", work)


async def _told(call: Call, name: str, work: Callable[[], Awaitable[dict[str, Any]]]) -> HtmlPage:
    try:
        return page(name, call.language, **await work())
    except Exception as error:  # whatever it is, a person reads it
        return refusal(error, call.language)


def _checked(kind: type[T], form: msgspec.Struct) -> T:
    """The form as the API would take it. Raises Problem validation-failed, with all faults."""
    sent = msgspec.to_builtins(form)
    found = faults(kind, sent)
    if found:
        raise Problem("validation-failed", errors=[fault.told() for fault in found])
    return msgspec.convert(sent, kind)

"""Routes: company, colleagues, invitations, API keys."""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter

from service.domain.companies import operations, queries
from service.domain.companies.messages import (
    Acceptance,
    Accepted,
    ApiKey,
    ApiKeyDraft,
    Colleague,
    ColleagueChange,
    Company,
    CompanyChange,
    Invitation,
    InvitationDraft,
    MergeSuggestion,
    NewApiKey,
)
from service.vocabulary import Page
from service.web.calls import Call, Cursor, Limit


@get("/company", summary="My company")
async def show_company(call: NamedDependency[Call]) -> Response[Company]:
    """The company in whose name the caller acts."""
    return await call.answer(queries.company)


@patch(
    "/company",
    summary="Change my company",
    refuses="admin-required version-stale",
    example={"name": "Firma Huber GmbH", "delegator_role": True},
)
async def change_company(
    call: NamedDependency[Call], data: JSONBody[CompanyChange]
) -> Response[Company]:
    """For admins. Fields that are not named stay; If-Match is honoured when sent."""
    return await call.answer(operations.change_company, call.versions(required=False), data)


@get(
    "/company/merge-suggestions",
    summary="Companies that may belong to mine",
    refuses="admin-required",
)
async def list_merge_suggestions(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[MergeSuggestion]]:
    """For admins. Those that shared a group of the former service; nothing merges by itself."""
    return await call.answer(queries.merge_suggestions, cursor, limit)


@get("/colleagues", summary="Colleagues of my company")
async def list_colleagues(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[Colleague]]:
    """Active and former colleagues, oldest first."""
    return await call.answer(queries.colleagues, cursor, limit)


@patch(
    "/colleagues/{colleague_id:uuid}",
    summary="Change a colleague",
    refuses="admin-required last-admin version-stale",
    example={"role": "delegator"},
)
async def change_colleague(
    call: NamedDependency[Call], colleague_id: FromPath[UUID], data: JSONBody[ColleagueChange]
) -> Response[Colleague]:
    """Role and activity by an admin; own name and language by oneself. The last admin stays."""
    versions = call.versions(required=False)
    return await call.answer(operations.change_colleague, colleague_id, versions, data)


@post(
    "/invitations",
    summary="Invite a colleague",
    refuses="admin-required colleague-features-off conflict too-many-requests",
    example={"email": "ben@huber.example", "role": "member"},
)
async def invite(
    call: NamedDependency[Call], data: JSONBody[InvitationDraft]
) -> Response[Invitation]:
    """For admins. The token goes to the address by e-mail, five a day; an open one is replaced."""
    return await call.answer(operations.invite, data)


@get("/invitations", summary="Invitations of my company")
async def list_invitations(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[Invitation]]:
    """Open and past invitations, newest first."""
    return await call.answer(queries.invitations, cursor, limit)


@delete(
    "/invitations/{invitation_id:uuid}",
    summary="Take an invitation back",
    status_code=204,
    refuses="admin-required",
)
async def revoke_invitation(
    call: NamedDependency[Call], invitation_id: FromPath[UUID]
) -> Response[None]:
    """For admins; 404 when it is not open any more."""
    return await call.answer(operations.revoke_invitation, invitation_id)


@post(
    "/invitations/{token:str}/accept",
    summary="Accept an invitation",
    public=True,
    refuses="not-found email-taken invitation-accepted too-many-requests",
    example={"name": "Ben Huber", "password": "correct horse battery"},
)
async def accept(
    call: NamedDependency[Call],
    token: Annotated[str, PathParameter(max_length=200)],
    data: JSONBody[Acceptance],
) -> Response[Accepted]:
    """Needs no log-in: the token is the right. Sets name and password of the invited address."""
    return Response(await operations.accept(call.database, token, data, call.peer))


@get("/api-keys", summary="API keys of my company")
async def list_api_keys(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[ApiKey]]:
    """Keys, revoked ones too, newest first; never their tokens."""
    return await call.answer(queries.api_keys, cursor, limit)


@post(
    "/api-keys",
    summary="Create an API key",
    refuses="admin-required shown-once",
    example={"name": "CRM"},
)
async def create_api_key(
    call: NamedDependency[Call], data: JSONBody[ApiKeyDraft]
) -> Response[NewApiKey]:
    """For admins. The token is shown this once; the key belongs to the company."""
    return await call.answer(operations.create_api_key, data, call.secret("kgk"))


@delete(
    "/api-keys/{key_id:uuid}",
    summary="Revoke an API key",
    status_code=204,
    refuses="admin-required",
)
async def revoke_api_key(call: NamedDependency[Call], key_id: FromPath[UUID]) -> Response[None]:
    """For admins; takes effect with the next request."""
    return await call.answer(operations.revoke_api_key, key_id)


router = Router(
    "",
    route_handlers=[
        show_company,
        change_company,
        list_merge_suggestions,
        list_colleagues,
        change_colleague,
        invite,
        list_invitations,
        revoke_invitation,
        accept,
        list_api_keys,
        create_api_key,
        revoke_api_key,
    ],
    tags=["company"],
)

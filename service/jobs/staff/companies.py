"""What staff does about companies."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from service import identity


class CreatedCompany(msgspec.Struct):
    """A new company and its first admin."""

    company_id: UUID
    colleague_id: UUID


class ListedCompany(msgspec.Struct):
    """A company as staff sees it; `colleagues` counts the active ones."""

    id: UUID
    name: str
    state: str
    colleagues: int
    created_at: datetime


class CompanyStaff:
    """Each method is a transaction of its own, over a connection as kollegium_staff."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def companies(self) -> list[ListedCompany]:
        """All companies, by name."""
        records = await self._connection.fetch("select * from app.list_companies()")
        return [msgspec.convert(dict(record), ListedCompany) for record in records]

    async def names(self) -> set[str]:
        """The names of all companies."""
        return {company.name for company in await self.companies()}

    async def create(
        self, name: str, admin: str, email: str, language: str, password: str
    ) -> CreatedCompany:
        """A company with its first admin; KG409 email-taken when the address is in use."""
        salt = identity.new_salt()
        proof = await identity.stretch(password, salt)
        record = await self._connection.fetchrow(
            "select * from app.create_company($1, $2, $3, $4, $5, $6)",
            *(name, admin, email, language, salt, proof),
        )
        return msgspec.convert(dict(record), CreatedCompany)

    async def set_password(self, address: str | None, password: str) -> bool:
        """For whom the former password cannot be checked; ends his sessions. False: nobody has the
        address."""
        salt = identity.new_salt()
        proof = await identity.stretch(password, salt)
        return bool(
            await self._connection.fetchval(
                "select app.set_password($1, $2, $3)", address, salt, proof
            )
        )

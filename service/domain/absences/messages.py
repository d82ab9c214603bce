"""What goes in and out of the absence routes."""

from uuid import UUID

import msgspec

from service.vocabulary import Input, Moment


class AbsenceDraft(Input):
    """From when until when, and who covers (null: nobody); without colleague_id one's own."""

    begins_at: Moment
    ends_at: Moment
    covered_by_id: UUID | None = None
    colleague_id: UUID | None = None


class Absence(msgspec.Struct):
    """A colleague is away; ends_at is not included."""

    id: UUID
    colleague_id: UUID
    covered_by_id: UUID | None
    begins_at: Moment
    ends_at: Moment
    created_at: Moment


class CompanyAbsenceDraft(Input):
    """From when until when the whole company is away."""

    begins_at: Moment
    ends_at: Moment


class CompanyAbsence(msgspec.Struct):
    """The company is away and is offered nothing; ends_at is not included."""

    id: UUID
    begins_at: Moment
    ends_at: Moment
    created_at: Moment

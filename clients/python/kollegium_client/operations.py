"""A method for each operation. Generated from /openapi.json by generate.py: change that, not this."""

from collections.abc import Iterator
from typing import Literal

from kollegium_client import models
from kollegium_client.sending import (
    Id,
    Moment,
    Room,
    Sending,
    Versioned,
    segment,
)
from kollegium_client.streaming import EventStream


class Health(Room):
    """Health."""

    def healthz(self) -> models.Health:
        """Is the process alive.

        Answers as long as the process serves; asks no database.
        """
        return self._send.one("GET", "/healthz", models.Health)

    def readyz(self) -> models.Readiness:
        """May the service get traffic.

        200 when the database answers within 2 s, its schema is at head, the role is the right
        one and the wall was found as it should be; otherwise 503, and the log says which.
        """
        return self._send.one("GET", "/readyz", models.Readiness)


class Sessions(Room):
    """Sessions."""

    def list_sessions(self) -> Iterator[models.OpenSession]:
        """My open sessions.

        Newest first; not for API keys.

        Problems: colleague-required.
        """
        return self._send.pages("GET", "/sessions", models.OpenSession)

    def log_in(self, data: models.LogIn) -> models.Session:
        """Log in.

        Opens a session of 12 hours. After 9 wrong passwords: 429 with Retry-After. With
        `cookie`, which needs `Sec-Fetch-Site: same-origin`, the token is in a cookie and not in
        the answer.

        Problems: same-origin-required, too-many-requests.
        """
        return self._send.one("POST", "/sessions", models.Session, data=data)

    def log_out(self) -> None:
        """Log out.

        Ends the session of the token in use. A browser forgets its cookie, also one of a
        session that is over already.

        Problems: colleague-required.
        """
        return self._send.nothing("DELETE", "/sessions/current")

    def end_session(self, session_id: Id) -> None:
        """End a session.

        One of my own, wherever it was opened; takes effect with its next request.

        Problems: colleague-required, not-found.
        """
        return self._send.nothing("DELETE", f"/sessions/{segment(session_id)}")

    def who_am_i(self) -> models.Me:
        """Who am I.

        Company, colleague and role behind the token.
        """
        return self._send.one("GET", "/me", models.Me)

    def change_me(self, data: models.MeChange, *, seen: Versioned) -> models.Me:
        """Change my name or language.

        Fields that are not named stay; If-Match is honoured when sent. Not for API keys.

        Problems: colleague-required, version-stale.
        """
        return self._send.one("PATCH", "/me", models.Me, data=data, seen=seen)

    def change_password(self, data: models.PasswordChange) -> None:
        """Change my password.

        Needs the present one; after 9 wrong ones 429, as at log-in. Ends my other sessions.

        Problems: colleague-required, password-wrong, too-many-requests.
        """
        return self._send.nothing("PUT", "/me/password", data=data)

    def request_reset(self, data: models.ResetRequest) -> None:
        """Forgot my password.

        Mails a token to the colleague with this address, valid for 30 minutes; three an hour.
        The answer is the same, in the same time, whether or not there is one.
        """
        return self._send.nothing("POST", "/password-resets", data=data)

    def reset_password(self, token: Id, data: models.NewPassword) -> None:
        """Set a new password.

        Needs no log-in: the token from the mail is the right, once. Ends all my sessions.

        Problems: not-found.
        """
        return self._send.nothing("POST", f"/password-resets/{segment(token)}", data=data)


class Notices(Room):
    """Notices."""

    def show(self) -> models.Notices:
        """Which mails I get, and when.

        Kinds in words by Accept-Language. Who never chose gets everything at once.

        Problems: colleague-required.
        """
        return self._send.one("GET", "/me/notices", models.Notices)

    def choose(self, data: models.NoticesDraft) -> models.Notices:
        """Choose which mails I get, and when.

        All of it at once; kinds that are not named come at once. What already waits follows.

        Problems: colleague-required.
        """
        return self._send.one("PUT", "/me/notices", models.Notices, data=data)


class Companies(Room):
    """Companies."""

    def show_company(self) -> models.Company:
        """My company.

        The company in whose name the caller acts.
        """
        return self._send.one("GET", "/company", models.Company)

    def change_company(self, data: models.CompanyChange, *, seen: Versioned) -> models.Company:
        """Change my company.

        For admins. Fields that are not named stay; If-Match is honoured when sent.

        Problems: admin-required, version-stale.
        """
        return self._send.one("PATCH", "/company", models.Company, data=data, seen=seen)

    def list_merge_suggestions(self) -> Iterator[models.MergeSuggestion]:
        """Companies that may belong to mine.

        For admins. Those that shared a group of the former service; nothing merges by itself.

        Problems: admin-required.
        """
        return self._send.pages("GET", "/company/merge-suggestions", models.MergeSuggestion)

    def list_colleagues(self) -> Iterator[models.Colleague]:
        """Colleagues of my company.

        Active and former colleagues, oldest first.
        """
        return self._send.pages("GET", "/colleagues", models.Colleague)

    def change_colleague(
        self, colleague_id: Id, data: models.ColleagueChange, *, seen: Versioned
    ) -> models.Colleague:
        """Change a colleague.

        Role and activity by an admin; own name and language by oneself. The last admin stays.

        Problems: admin-required, last-admin, not-found, version-stale.
        """
        return self._send.one(
            "PATCH", f"/colleagues/{segment(colleague_id)}", models.Colleague, data=data, seen=seen
        )

    def list_invitations(self) -> Iterator[models.Invitation]:
        """Invitations of my company.

        Open and past invitations, newest first.
        """
        return self._send.pages("GET", "/invitations", models.Invitation)

    def invite(self, data: models.InvitationDraft) -> models.Invitation:
        """Invite a colleague.

        For admins. The token goes to the address by e-mail, five a day; an open one is
        replaced.

        Problems: admin-required, colleague-features-off, conflict, idempotency-in-progress,
        idempotency-key-reused, too-many-requests.
        """
        return self._send.one("POST", "/invitations", models.Invitation, data=data, once=True)

    def revoke_invitation(self, invitation_id: Id) -> None:
        """Take an invitation back.

        For admins; 404 when it is not open any more.

        Problems: admin-required, not-found.
        """
        return self._send.nothing("DELETE", f"/invitations/{segment(invitation_id)}")

    def accept(self, token: Id, data: models.Acceptance) -> models.Accepted:
        """Accept an invitation.

        Needs no log-in: the token is the right. Sets name and password of the invited address.

        Problems: email-taken, invitation-accepted, not-found, too-many-requests.
        """
        return self._send.one(
            "POST", f"/invitations/{segment(token)}/accept", models.Accepted, data=data
        )

    def list_api_keys(self) -> Iterator[models.ApiKey]:
        """API keys of my company.

        Keys, revoked ones too, newest first; never their tokens.
        """
        return self._send.pages("GET", "/api-keys", models.ApiKey)

    def create_api_key(self, data: models.ApiKeyDraft) -> models.NewApiKey:
        """Create an API key.

        For admins. The token is shown this once; the key belongs to the company.

        Problems: admin-required, idempotency-in-progress, idempotency-key-reused, shown-once.
        """
        return self._send.one("POST", "/api-keys", models.NewApiKey, data=data, once=True)

    def revoke_api_key(self, key_id: Id) -> None:
        """Revoke an API key.

        For admins; takes effect with the next request.

        Problems: admin-required, not-found.
        """
        return self._send.nothing("DELETE", f"/api-keys/{segment(key_id)}")


class Marketplaces(Room):
    """Marketplaces."""

    def list_marketplaces(self) -> Iterator[models.Marketplace]:
        """My marketplaces.

        Marketplaces my company operates, takes part in, or is invited to; newest first.
        """
        return self._send.pages("GET", "/marketplaces", models.Marketplace)

    def create_marketplace(self, data: models.MarketplaceDraft) -> models.Marketplace:
        """Create a marketplace.

        The caller's company becomes its operator.

        Problems: idempotency-in-progress, idempotency-key-reused.
        """
        return self._send.one("POST", "/marketplaces", models.Marketplace, data=data, once=True)

    def show_marketplace(self, marketplace_id: Id) -> models.Marketplace:
        """A marketplace.

        With settings for the operator, with the own participation for a partner.

        Problems: not-found.
        """
        return self._send.one("GET", f"/marketplaces/{segment(marketplace_id)}", models.Marketplace)

    def change_marketplace(
        self, marketplace_id: Id, data: models.MarketplaceChange, *, seen: Versioned
    ) -> models.Marketplace:
        """Change a marketplace.

        For the operator. Fields that are not named stay; If-Match is honoured when sent.

        Problems: not-found, version-stale.
        """
        return self._send.one(
            "PATCH",
            f"/marketplaces/{segment(marketplace_id)}",
            models.Marketplace,
            data=data,
            seen=seen,
        )

    def list_participations(self, marketplace_id: Id) -> Iterator[models.Participation]:
        """Who takes part.

        The operator sees all partners and open invitations, a partner sees itself.

        Problems: not-found.
        """
        return self._send.pages(
            "GET", f"/marketplaces/{segment(marketplace_id)}/participations", models.Participation
        )

    def invite_partner(
        self, marketplace_id: Id, data: models.PartnerInvitation
    ) -> models.Participation:
        """Invite a partner.

        For the operator, by e-mail or company id, as giver or taker. Five mails a day to one of
        them.

        Problems: company-absorbed, conflict, idempotency-in-progress, idempotency-key-reused,
        not-found, own-company, too-many-requests.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/participations",
            models.Participation,
            data=data,
            once=True,
        )

    def accept_participation(self, marketplace_id: Id) -> models.Participation:
        """Accept the invitation.

        By any colleague of the invited company.

        Problems: idempotency-in-progress, idempotency-key-reused, not-found, participation-
        state.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/participations/accept",
            models.Participation,
            once=True,
        )

    def decline_participation(self, marketplace_id: Id) -> models.Participation:
        """Decline the invitation.

        By any colleague of the invited company.

        Problems: idempotency-in-progress, idempotency-key-reused, not-found, participation-
        state.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/participations/decline",
            models.Participation,
            once=True,
        )

    def end_participation(self, marketplace_id: Id, company_id: Id) -> None:
        """End a participation.

        By the operator or the company itself; also takes an invitation_id. Open offers end.

        Problems: company-absorbed, not-found, participation-state.
        """
        return self._send.nothing(
            "DELETE",
            f"/marketplaces/{segment(marketplace_id)}/participations/{segment(company_id)}",
        )

    def change_participation(
        self,
        marketplace_id: Id,
        company_id: Id,
        data: models.ParticipationChange,
        *,
        seen: Versioned,
    ) -> models.Participation:
        """Change a participation.

        Areas, tags, pause and caps; by the operator or the company itself. Exclusive areas and
        the price: by the operator.

        Problems: company-absorbed, exclusive-area-held, not-found, operator-required, taker-
        unfit, version-stale.
        """
        return self._send.one(
            "PATCH",
            f"/marketplaces/{segment(marketplace_id)}/participations/{segment(company_id)}",
            models.Participation,
            data=data,
            seen=seen,
        )


class Waves(Room):
    """Waves."""

    def show_calendar(self, marketplace_id: Id) -> models.Calendar:
        """When the marketplace works.

        For the operator: what windows in working time are counted by. Until one is set: Monday
        to Friday from 9 to 17 in Berlin, without holidays.

        Problems: not-found.
        """
        return self._send.one(
            "GET", f"/marketplaces/{segment(marketplace_id)}/calendar", models.Calendar
        )

    def set_calendar(
        self, marketplace_id: Id, data: models.CalendarPlan, *, seen: Versioned
    ) -> models.Calendar:
        """Set when the marketplace works.

        For the operator, the whole of it; needs If-Match. Windows that run keep their end.

        Problems: calendar-closed, not-found, version-required, version-stale.
        """
        return self._send.one(
            "PUT",
            f"/marketplaces/{segment(marketplace_id)}/calendar",
            models.Calendar,
            data=data,
            seen=seen,
        )

    def show_waves(self, marketplace_id: Id) -> models.WavePlan:
        """How the marketplace offers.

        For the operator: who is offered a lead in which wave, and for how long.

        Problems: not-found.
        """
        return self._send.one(
            "GET", f"/marketplaces/{segment(marketplace_id)}/waves", models.WavePlan
        )

    def set_waves(
        self, marketplace_id: Id, data: models.WavePlanDraft, *, seen: Versioned
    ) -> models.WavePlan:
        """Set how the marketplace offers.

        For the operator, the whole plan; needs If-Match. What is being offered keeps its plan.

        Problems: not-found, taker-unfit, version-required, version-stale.
        """
        return self._send.one(
            "PUT",
            f"/marketplaces/{segment(marketplace_id)}/waves",
            models.WavePlan,
            data=data,
            seen=seen,
        )

    def preview_offer(self, marketplace_id: Id, lead_id: Id) -> models.OfferPreview:
        """Who would be offered the lead.

        For the operator: by the plan of now, wave by wave, and who not and why. Writes nothing.

        Problems: not-found, operator-required.
        """
        return self._send.one(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/offer-preview",
            models.OfferPreview,
        )

    def list_brokerages(self, marketplace_id: Id, lead_id: Id) -> Iterator[models.Brokerage]:
        """Who was offered the lead.

        For the operator: in which wave, what came of it, and who not and why; newest first.

        Problems: not-found, operator-required.
        """
        return self._send.pages(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/brokerages",
            models.Brokerage,
        )

    def list_receipts(self) -> Iterator[models.Receipt]:
        """What became of offers to us.

        Ended offers to my company, newest first: neither lead nor person nor who won.
        """
        return self._send.pages("GET", "/receipts", models.Receipt)


class Reports(Room):
    """Reports."""

    def show_statement(
        self, marketplace_id: Id, *, month: str | None = None, company: Id | None = None
    ) -> models.MonthlyStatement:
        """The statement of a month.

        What was charged and credited: for the operator of all takers or of one, for a taker its
        own. A credit stands in its own month, also of a pick of an earlier one.

        Problems: not-found.
        """
        return self._send.one(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/statement",
            models.MonthlyStatement,
            query={"month": month, "company": company},
        )

    def show_report(
        self,
        marketplace_id: Id,
        *,
        from_: Moment | None = None,
        to: Moment | None = None,
        by: Literal["month", "week"] | None = None,
    ) -> models.MarketplaceReport:
        """The report of a marketplace.

        Who was offered and took how much and how fast, and what became of leads by source. An
        operator reads all takers, a taker its own line, a giver its own sources; each its own
        colleagues. By week two years at most, by month ten.

        Problems: not-found.
        """
        return self._send.one(
            "GET",
            f"/reports/marketplaces/{segment(marketplace_id)}",
            models.MarketplaceReport,
            query={"from": from_, "to": to, "by": by},
        )

    def export_report(
        self,
        marketplace_id: Id,
        *,
        from_: Moment | None = None,
        to: Moment | None = None,
        by: Literal["month", "week"] | None = None,
    ) -> bytes:
        """The report's takers as CSV.

        A line for each taker, and with `by` for each taker and period; a taker gets its own.

        Problems: not-found.
        """
        return self._send.bytes(
            "GET",
            f"/reports/marketplaces/{segment(marketplace_id)}/takers.csv",
            query={"from": from_, "to": to, "by": by},
        )


class Access(Room):
    """Access."""

    def show_access(
        self,
        marketplace_id: Id,
        lead_id: Id,
        *,
        company: Id | None = None,
        at: Moment | None = None,
    ) -> models.Access:
        """Who sees the lead, and why.

        For the operator: which company sees which part, by which policy and because of what,
        since when and until when. Everybody else is told that there is no such lead.

        Problems: not-found.
        """
        return self._send.one(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/access",
            models.Access,
            query={"company": company, "at": at},
        )


class Returns(Room):
    """Returns."""

    def list_returns(self, *, marketplace: Id | None = None) -> Iterator[models.PendingReturn]:
        """Returns that wait for my decision.

        For the operator, of all its marketplaces or of one; who asked first comes first.
        engagement/return/accept and refuse of the lead decide.
        """
        return self._send.pages(
            "GET", "/returns", models.PendingReturn, query={"marketplace": marketplace}
        )

    def show_rules(self, marketplace_id: Id) -> models.ReturnRules:
        """Which returns the marketplace takes.

        For the operator and its partners. Until some are set: six reasons without evidence, 14
        days, no quota, accepted after five working days of silence.

        Problems: not-found.
        """
        return self._send.one(
            "GET", f"/marketplaces/{segment(marketplace_id)}/return-rules", models.ReturnRules
        )

    def set_rules(
        self, marketplace_id: Id, data: models.ReturnRulesDraft, *, seen: Versioned
    ) -> models.ReturnRules:
        """Set which returns the marketplace takes.

        For the operator, all of them; needs If-Match. What was asked already keeps its
        deadline.

        Problems: not-found, version-required, version-stale.
        """
        return self._send.one(
            "PUT",
            f"/marketplaces/{segment(marketplace_id)}/return-rules",
            models.ReturnRules,
            data=data,
            seen=seen,
        )


class Leads(Room):
    """Leads."""

    def list_leads(
        self,
        *,
        as_: Literal["giver", "operator", "taker"] | None = None,
        state: Literal[
            "available",
            "closed",
            "draft",
            "engaged",
            "erased",
            "offered",
            "rejected",
            "submitted",
            "unplaced",
            "withdrawn",
        ]
        | None = None,
        marketplace: Id | None = None,
        handler: str | None = None,
        step: str | None = None,
        engagement: Literal["active", "lost", "return_requested", "returned", "revoked", "won"]
        | None = None,
        tag: str | None = None,
        source: str | None = None,
        giver: Id | None = None,
        lead: Id | None = None,
        received_since: Moment | None = None,
        changed_since: Moment | None = None,
        stalled: Literal["true"] | None = None,
        q: str | None = None,
        sort: Literal["changed", "newest", "oldest", "unchanged"] | None = None,
    ) -> Iterator[models.Lead]:
        """My leads.

        All leads that the caller's company may see. Filters are joined by *and*. A lead that
        waits for a decision shows its possible duplicates.

        Problems: colleague-required.
        """
        return self._send.pages(
            "GET",
            "/leads",
            models.Lead,
            query={
                "as": as_,
                "state": state,
                "marketplace": marketplace,
                "handler": handler,
                "step": step,
                "engagement": engagement,
                "tag": tag,
                "source": source,
                "giver": giver,
                "lead": lead,
                "received_since": received_since,
                "changed_since": changed_since,
                "stalled": stalled,
                "q": q,
                "sort": sort,
            },
        )

    def counts(self) -> models.Counts:
        """What waits.

        Numbers for badges, all in one call; each ends at 1000.
        """
        return self._send.one("GET", "/counts", models.Counts)

    def create(self, marketplace_id: Id, data: models.LeadDraft) -> models.Lead:
        """Put a lead in.

        By an active giver or the operator; with submit it goes on at once.

        Problems: contact-missing, distribution-permission-missing, giver-required, idempotency-
        in-progress, idempotency-key-reused, lead-exists, not-found.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads",
            models.Lead,
            data=data,
            once=True,
        )

    def show(self, marketplace_id: Id, lead_id: Id) -> models.Lead:
        """A lead.

        With prospect where the caller may see it. The ETag guards lead, prospect, engagement.

        Problems: not-found.
        """
        return self._send.one(
            "GET", f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}", models.Lead
        )

    def change(
        self, marketplace_id: Id, lead_id: Id, data: models.LeadChange, *, seen: Versioned
    ) -> models.Lead:
        """Correct a lead.

        Needs If-Match. Giver until it is offered, operator, or the engaged company (prospect).

        Problems: contact-missing, lead-state, not-found, operator-required, version-required,
        version-stale.
        """
        return self._send.one(
            "PATCH",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}",
            models.Lead,
            data=data,
            seen=seen,
        )

    def submit(self, marketplace_id: Id, lead_id: Id) -> models.Lead:
        """Submit.

        draft → submitted; needs the distribution permission and a way to reach the person.

        Problems: contact-missing, distribution-permission-missing, giver-required, idempotency-
        in-progress, idempotency-key-reused, lead-state, not-found.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/submit",
            models.Lead,
            once=True,
        )

    def accept(self, marketplace_id: Id, lead_id: Id) -> models.Lead:
        """Accept.

        For the operator: submitted → available.

        Problems: idempotency-in-progress, idempotency-key-reused, lead-state, not-found,
        operator-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/accept",
            models.Lead,
            once=True,
        )

    def reject(self, marketplace_id: Id, lead_id: Id, data: models.Rejection) -> models.Lead:
        """Reject.

        For the operator: submitted → rejected; the giver is told the reason.

        Problems: idempotency-in-progress, idempotency-key-reused, lead-state, not-found,
        operator-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/reject",
            models.Lead,
            data=data,
            once=True,
        )

    def offer(
        self, marketplace_id: Id, lead_id: Id, data: models.OfferDraft | None = None
    ) -> models.Lead:
        """Offer.

        For the operator: to all matching takers, or to those named; in one wave.

        Problems: company-absorbed, idempotency-in-progress, idempotency-key-reused, lead-state,
        no-matching-taker, not-found, operator-required, taker-unfit.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/offer",
            models.Lead,
            data=data,
            once=True,
        )

    def assign(self, marketplace_id: Id, lead_id: Id, data: models.Assignment) -> models.Lead:
        """Assign.

        For the operator: directly to one taker; open offers become lost.

        Problems: cap-reached, company-absorbed, idempotency-in-progress, idempotency-key-
        reused, lead-state, not-found, operator-may-not-take, operator-required, operator-takes-
        after-first-wave, taker-unfit.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/assign",
            models.Lead,
            data=data,
            once=True,
        )

    def withdraw(
        self, marketplace_id: Id, lead_id: Id, data: models.Withdrawal | None = None
    ) -> models.Lead:
        """Withdraw.

        Before the pick, by the operator, or the giver where the marketplace allows it.

        Problems: giver-may-not-withdraw, idempotency-in-progress, idempotency-key-reused, lead-
        engaged, lead-state, not-found, operator-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/withdraw",
            models.Lead,
            data=data,
            once=True,
        )


class Offers(Room):
    """Offers."""

    def list_offers(
        self,
        *,
        as_: Literal["operator", "taker"] | None = None,
        state: Literal["declined", "expired", "lost", "open", "picked", "withdrawn"] | None = None,
        marketplace: Id | None = None,
        lead: Id | None = None,
        expires_before: Moment | None = None,
        sort: Literal["expiring", "newest"] | None = None,
    ) -> Iterator[models.Offer]:
        """Offers.

        Newest first. What is lost or expired is gone for the taker; what it declined is listed
        with `state=declined` alone, and as long as it may re-open it.
        """
        return self._send.pages(
            "GET",
            "/offers",
            models.Offer,
            query={
                "as": as_,
                "state": state,
                "marketplace": marketplace,
                "lead": lead,
                "expires_before": expires_before,
                "sort": sort,
            },
        )

    def pick(self, marketplace_id: Id, lead_id: Id) -> models.Engagement:
        """Pick.

        One company wins, others get 409. What a colleague of mine picked already is a 200.

        Problems: cap-reached, idempotency-in-progress, idempotency-key-reused, lead-no-longer-
        available, not-found, offer-declined, operator-takes-after-first-wave, too-many-
        requests.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/pick",
            models.Engagement,
            once=True,
        )

    def decline(
        self, marketplace_id: Id, lead_id: Id, data: models.Refusal | None = None
    ) -> models.Offer:
        """Decline.

        For the whole company. The last refusal of a wave can be taken back for 15 seconds.
        Again with a reason adds that, where none was said.

        Problems: idempotency-in-progress, idempotency-key-reused, lead-no-longer-available,
        not-found.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/decline",
            models.Offer,
            data=data,
            once=True,
        )

    def reopen(self, marketplace_id: Id, lead_id: Id) -> models.Offer:
        """Re-open the offer.

        Takes the company's own refusal back while the lead is still offered.

        Problems: idempotency-in-progress, idempotency-key-reused, lead-no-longer-available,
        not-found.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/reopen",
            models.Offer,
            once=True,
        )


class Engagements(Room):
    """Engagements."""

    def list_engagements(
        self,
        *,
        state: Literal["active", "lost", "return_requested", "returned", "revoked", "won"]
        | None = None,
        marketplace: Id | None = None,
    ) -> Iterator[models.OneEngagement]:
        """What my company works or worked.

        The caller's own engagements, ended ones too, newest first.
        """
        return self._send.pages(
            "GET",
            "/engagements",
            models.OneEngagement,
            query={"state": state, "marketplace": marketplace},
        )

    def show(
        self, marketplace_id: Id, lead_id: Id, *, engagement_id: Id | None = None
    ) -> models.ShownEngagement:
        """The engagement of a lead.

        Also for a taker that does not see the lead any more. Operator and giver see each of a
        lead's engagements; the giver reads the taker's name while it is the current one.

        Problems: not-found.
        """
        return self._send.one(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement",
            models.ShownEngagement,
            query={"engagement_id": engagement_id},
        )

    def change(
        self, marketplace_id: Id, lead_id: Id, data: models.EngagementChange, *, seen: Versioned
    ) -> models.Engagement:
        """Step and handler.

        Needs If-Match. Handing over to somebody else takes the role delegator, unless it is
        off.

        Problems: delegator-required, engagement-state, handler-unknown, next-step-required,
        not-found, step-unknown, taker-required, version-required, version-stale.
        """
        return self._send.one(
            "PATCH",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement",
            models.Engagement,
            data=data,
            seen=seen,
        )

    def close(self, marketplace_id: Id, lead_id: Id, data: models.Closing) -> models.Engagement:
        """Won or lost.

        Ends the engagement; the lead is closed.

        Problems: engagement-state, idempotency-in-progress, idempotency-key-reused, not-found,
        taker-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/close",
            models.Engagement,
            data=data,
            once=True,
        )

    def reopen(self, marketplace_id: Id, lead_id: Id) -> models.Engagement:
        """Re-open the engagement.

        Takes won or lost back within the days that the marketplace allows.

        Problems: engagement-state, idempotency-in-progress, idempotency-key-reused, not-found,
        reopen-window-over, taker-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/reopen",
            models.Engagement,
            once=True,
        )

    def ask_return(
        self, marketplace_id: Id, lead_id: Id, data: models.Return
    ) -> models.ShownEngagement:
        """Ask to return the lead.

        The operator decides. Until then the company works the lead, and goes on after a
        refusal. Where the company wants release, what a member asks waits for a delegator or
        admin.

        Problems: call-unknown, engagement-state, file-unknown, idempotency-in-progress,
        idempotency-key-reused, not-found, return-evidence-missing, return-quota-reached,
        return-reason-unknown, return-state, return-window-over, taker-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/return",
            models.ShownEngagement,
            data=data,
            once=True,
        )

    def release_return(self, marketplace_id: Id, lead_id: Id) -> models.ShownEngagement:
        """Release a return to the operator.

        By a delegator or admin, where the company wants that. Window, evidence and quota are
        asked once more: what counts is when the operator gets it.

        Problems: delegator-required, engagement-state, idempotency-in-progress, idempotency-
        key-reused, not-found, return-evidence-missing, return-quota-reached, return-reason-
        unknown, return-state, return-window-over, taker-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/return/release",
            models.ShownEngagement,
            once=True,
        )

    def withdraw_return(self, marketplace_id: Id, lead_id: Id) -> models.ShownEngagement:
        """Take a return back.

        Before the operator decides: by who asked, or a delegator or admin, who so does not
        release it; by any colleague where the company wants no release.

        Problems: delegator-required, engagement-state, idempotency-in-progress, idempotency-
        key-reused, not-found, return-state, taker-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/return/withdraw",
            models.ShownEngagement,
            once=True,
        )

    def accept_return(
        self, marketplace_id: Id, lead_id: Id, data: models.Decision | None = None
    ) -> models.ShownEngagement:
        """Accept the return.

        The lead is available again. The returner loses it and the person at once, keeps its
        engagement, notes and conversation, and is not offered the lead again.

        Problems: engagement-state, idempotency-in-progress, idempotency-key-reused, lead-state,
        not-found, operator-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/return/accept",
            models.ShownEngagement,
            data=data,
            once=True,
        )

    def refuse_return(
        self, marketplace_id: Id, lead_id: Id, data: models.Decision | None = None
    ) -> models.ShownEngagement:
        """Refuse the return.

        The taker goes on working the lead.

        Problems: engagement-state, idempotency-in-progress, idempotency-key-reused, lead-state,
        not-found, operator-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/return/refuse",
            models.ShownEngagement,
            data=data,
            once=True,
        )

    def rate(
        self, marketplace_id: Id, lead_id: Id, data: models.RatingDraft
    ) -> models.ShownEngagement:
        """Rate the lead.

        By any colleague of the company that works or worked it, until 30 days after that ended.
        One rating an engagement: again replaces it. The operator reads it, the giver averages
        alone.

        Problems: idempotency-in-progress, idempotency-key-reused, not-found, rating-window-
        over, taker-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/rating",
            models.ShownEngagement,
            data=data,
            once=True,
        )

    def revoke(self, marketplace_id: Id, lead_id: Id, data: models.Revocation) -> models.Lead:
        """Revoke the engagement.

        By the operator: the lead is available again, and its taker keeps what was its own.

        Problems: engagement-state, idempotency-in-progress, idempotency-key-reused, lead-state,
        not-found, operator-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/revoke",
            models.Lead,
            data=data,
            once=True,
        )

    def recycle(self, marketplace_id: Id, lead_id: Id) -> models.Lead:
        """Recycle a lost lead.

        By the operator: a lead that was closed as lost is available again.

        Problems: engagement-state, idempotency-in-progress, idempotency-key-reused, lead-state,
        not-found, operator-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/recycle",
            models.Lead,
            once=True,
        )

    def hand_over(self, data: models.Handover) -> models.Handovers:
        """Hand many over.

        Up to 100 leads to one colleague, or (null) back to nobody. Each for itself: what cannot
        be handed over says why, the others are. To others takes the role delegator, unless it
        is off.

        Problems: delegator-required, handler-unknown, idempotency-in-progress, idempotency-key-
        reused.
        """
        return self._send.one(
            "POST", "/engagements/handler", models.Handovers, data=data, once=True
        )


class Calls(Room):
    """Calls."""

    def release(self, marketplace_id: Id, lead_id: Id) -> None:
        """I am not calling.

        Drops the caller's own claim without an outcome; a colleague's stays.

        Problems: not-found, taker-required.
        """
        return self._send.nothing(
            "DELETE",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/call",
        )

    def show(self, marketplace_id: Id, lead_id: Id) -> models.CallState:
        """Who is calling.

        Who of the company is calling now, how often it was tried, and when first.

        Problems: not-found, taker-required.
        """
        return self._send.one(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/call",
            models.CallState,
        )

    def claim(self, marketplace_id: Id, lead_id: Id) -> models.CallClaim:
        """I am calling now.

        Colleagues are told for 15 minutes; once more renews it. 409 while a colleague is
        calling.

        Problems: colleague-calling, colleague-required, engagement-state, idempotency-in-
        progress, idempotency-key-reused, not-found, taker-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/call",
            models.CallClaim,
            once=True,
        )

    def list_calls(self, marketplace_id: Id, lead_id: Id) -> Iterator[models.CallAttempt]:
        """Calls.

        Calls of the caller's company, newest first; no other company reads them.

        Problems: not-found.
        """
        return self._send.pages(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/calls",
            models.CallAttempt,
        )

    def log(self, marketplace_id: Id, lead_id: Id, data: models.CallResult) -> models.CallAttempt:
        """Enter what a call brought.

        Ends the caller's claim; one may enter a call without a claim, too.

        Problems: engagement-state, idempotency-in-progress, idempotency-key-reused, next-step-
        required, not-found, taker-required.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/engagement/calls",
            models.CallAttempt,
            data=data,
            once=True,
        )


class FollowUps(Room):
    """Follow ups."""

    def list_of_lead(self, marketplace_id: Id, lead_id: Id) -> Iterator[models.FollowUp]:
        """Follow-ups of a lead.

        Of the caller's company, newest first, done ones too; no other company reads them.

        Problems: not-found.
        """
        return self._send.pages(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/follow-ups",
            models.FollowUp,
        )

    def add(self, marketplace_id: Id, lead_id: Id, data: models.FollowUpDraft) -> models.FollowUp:
        """Note down a follow-up.

        For oneself; for a colleague it takes the role delegator, unless it is off.

        Problems: colleague-required, delegator-required, handler-unknown, idempotency-in-
        progress, idempotency-key-reused, not-found.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/follow-ups",
            models.FollowUp,
            data=data,
            once=True,
        )

    def drop(self, marketplace_id: Id, lead_id: Id, follow_up_id: Id) -> None:
        """Remove a follow-up.

        Any colleague may.

        Problems: not-found.
        """
        return self._send.nothing(
            "DELETE",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/follow-ups/{segment(follow_up_id)}",
        )

    def change(
        self,
        marketplace_id: Id,
        lead_id: Id,
        follow_up_id: Id,
        data: models.FollowUpChange,
        *,
        seen: Versioned,
    ) -> models.FollowUp:
        """Change a follow-up.

        Needs If-Match. Any colleague may put off and tick off.

        Problems: delegator-required, handler-unknown, not-found, version-required, version-
        stale.
        """
        return self._send.one(
            "PATCH",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/follow-ups/{segment(follow_up_id)}",
            models.FollowUp,
            data=data,
            seen=seen,
        )

    def list_due(
        self,
        *,
        whose: Literal["covered", "mine", "nobody"] | None = None,
        until: Moment | None = None,
    ) -> Iterator[models.FollowUp]:
        """What is due.

        Open follow-ups, what is due next first; of leads that the company sees.
        """
        return self._send.pages(
            "GET", "/follow-ups", models.FollowUp, query={"whose": whose, "until": until}
        )

    def close_feed(self) -> None:
        """End that address.

        Programs that read it get nothing more.

        Problems: colleague-required.
        """
        return self._send.nothing("DELETE", "/me/calendar-feed")

    def open_feed(self) -> models.CalendarFeed:
        """A secret address for my calendar.

        For a calendar program: my follow-ups and those of whom I cover, without text and
        person. The address before ends; so does this one when I leave. Shown once.

        Problems: colleague-required, idempotency-in-progress, idempotency-key-reused, shown-
        once.
        """
        return self._send.one("POST", "/me/calendar-feed", models.CalendarFeed, once=True)

    def read_feed(self, name: Id) -> bytes:
        """Follow-ups as a calendar.

        Needs no log-in: the address is the right. {name} is what was shown, with .ics at its
        end.

        Problems: not-found, too-many-requests.
        """
        return self._send.bytes("GET", f"/calendar-feeds/{segment(name)}")


class Absences(Room):
    """Absences."""

    def list_absences(self) -> Iterator[models.Absence]:
        """Absences.

        Of all colleagues of the company, last entered first, past ones too.
        """
        return self._send.pages("GET", "/absences", models.Absence)

    def add(self, data: models.AbsenceDraft) -> models.Absence:
        """Be away.

        Who covers finds the leads with `handler=cover` and gets the reminders; nothing is
        moved. A colleague's absence takes the role delegator, unless it is off.

        Problems: colleague-required, cover-unfit, delegator-required, handler-unknown,
        idempotency-in-progress, idempotency-key-reused.
        """
        return self._send.one("POST", "/absences", models.Absence, data=data, once=True)

    def drop(self, absence_id: Id) -> None:
        """Be there after all.

        One's own, or (delegators) a colleague's.

        Problems: delegator-required, not-found.
        """
        return self._send.nothing("DELETE", f"/absences/{segment(absence_id)}")

    def list_company_absences(self) -> Iterator[models.CompanyAbsence]:
        """When the company is away.

        Works holidays and the like, last entered first, past ones too.
        """
        return self._send.pages("GET", "/company/absences", models.CompanyAbsence)

    def close(self, data: models.CompanyAbsenceDraft) -> models.CompanyAbsence:
        """Close the company.

        Admins: meanwhile the company is offered nothing. Offers that are open stay open.

        Problems: admin-required, idempotency-in-progress, idempotency-key-reused.
        """
        return self._send.one(
            "POST", "/company/absences", models.CompanyAbsence, data=data, once=True
        )

    def open_again(self, absence_id: Id) -> None:
        """Open the company again.

        Admins: the absence goes, a past one too.

        Problems: admin-required, not-found.
        """
        return self._send.nothing("DELETE", f"/company/absences/{segment(absence_id)}")


class Timeline(Room):
    """Timeline."""

    def list_notes(
        self, marketplace_id: Id, lead_id: Id, *, engagement_id: Id | None = None
    ) -> Iterator[models.Note]:
        """Internal notes.

        Notes of the caller's company, newest first; no other company reads them. Also for a
        taker that does not see the lead any more.

        Problems: not-found.
        """
        return self._send.pages(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/notes",
            models.Note,
            query={"engagement_id": engagement_id},
        )

    def add_note(self, marketplace_id: Id, lead_id: Id, data: models.Entry) -> models.Note:
        """Add a note.

        Internal to the caller's company.

        Problems: engagement-state, idempotency-in-progress, idempotency-key-reused, not-found.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/notes",
            models.Note,
            data=data,
            once=True,
        )

    def list_messages(
        self, marketplace_id: Id, lead_id: Id, *, engagement_id: Id | None = None
    ) -> Iterator[models.Message]:
        """Shared messages.

        Newest first: of the caller's engagement; for operator and giver all there were, and
        those before any. Also for a taker that does not see the lead any more.

        Problems: not-found.
        """
        return self._send.pages(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/messages",
            models.Message,
            query={"engagement_id": engagement_id},
        )

    def add_message(self, marketplace_id: Id, lead_id: Id, data: models.Entry) -> models.Message:
        """Write a message.

        To all present parties of the lead, in its current engagement if there is one.

        Problems: engagement-state, idempotency-in-progress, idempotency-key-reused, not-found.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/messages",
            models.Message,
            data=data,
            once=True,
        )

    def list_history(
        self, marketplace_id: Id, lead_id: Id, *, engagement_id: Id | None = None
    ) -> Iterator[models.Event]:
        """History.

        What happened to the lead, newest first; whose part, as with messages.

        Problems: not-found.
        """
        return self._send.pages(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/history",
            models.Event,
            query={"engagement_id": engagement_id},
        )


class Events(Room):
    """Events."""

    def stream(self, *, after: str | None = None) -> EventStream[models.LeadEvent]:
        """What happens, as it happens.

        Server-sent events of the caller's company; each `data:` is a `LeadEvent`. `Last-Event-
        ID` goes on after it, up to a day back; older: the kind `resync`, read again what you
        know. Ends when the token does. See docs/events.md.

        Problems: too-many-requests.
        """
        return self._send.events("GET", "/events", models.LeadEvent, after=after)


class Files(Room):
    """Files."""

    def list_files(
        self, marketplace_id: Id, lead_id: Id, *, engagement_id: Id | None = None
    ) -> Iterator[models.LeadFile]:
        """Files of a lead.

        Internal ones of the caller's company, and shared ones as with messages, newest first.
        Also for a taker that does not see the lead any more.

        Problems: not-found.
        """
        return self._send.pages(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/files",
            models.LeadFile,
            query={"engagement_id": engagement_id},
        )

    def add_file(
        self,
        marketplace_id: Id,
        lead_id: Id,
        data: bytes,
        *,
        name: str | None = None,
        shared: bool | None = None,
    ) -> models.LeadFile:
        """Put a file in.

        Internal to the caller's company unless shared. As the body itself with its name in
        Content-Disposition, or as multipart/form-data with `file`. The content decides which
        type it is; a name that does not fit gets the end that does.

        Problems: engagement-state, file-quota-exceeded, idempotency-in-progress, idempotency-
        key-reused, not-found.
        """
        return self._send.one(
            "POST",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/files",
            models.LeadFile,
            query={"shared": shared},
            data=data,
            name=name,
            once=True,
        )

    def remove_file(self, marketplace_id: Id, lead_id: Id, file_id: Id) -> None:
        """Remove a file.

        By the company that put it in. Of a shared one the history keeps that there was one; it
        stays when its engagement has ended, and while the operator decides about a return.

        Problems: engagement-state, file-of-another, not-found, return-state.
        """
        return self._send.nothing(
            "DELETE",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/files/{segment(file_id)}",
        )

    def send_file(self, marketplace_id: Id, lead_id: Id, file_id: Id) -> bytes:
        """The content of a file.

        To be kept, never to be shown: as an attachment, and in a sandbox.

        Problems: not-found.
        """
        return self._send.bytes(
            "GET",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/files/{segment(file_id)}",
        )


class Imports(Room):
    """Imports."""

    def list_imports(self) -> Iterator[models.Import]:
        """My imports.

        Files my company imported, newest first.
        """
        return self._send.pages("GET", "/imports", models.Import)

    def import_file(
        self,
        data: bytes,
        *,
        marketplace: Id,
        consent: bool | None = None,
        interest: str | None = None,
        filename: str | None = None,
        dry_run: bool | None = None,
        limit: int | None = None,
    ) -> models.ImportJob | models.ImportReport:
        """Import a file of leads.

        CSV in any usual encoding, or XLSX. Lists of people with German or English headers, and
        the exports of Meta, Google, TikTok, LinkedIn, HubSpot, Salesforce, Pipedrive are
        recognised. As the body itself, or as multipart/form-data with `file` and, for other
        formats, `mapping` (TOML); what is not recognised is answered with a mapping to begin
        with. Every row gets a result; repeating a file adds nothing. Up to 500 rows are
        imported at once (201); more of them, and what takes longer than a request may, go on by
        themselves (202).

        Problems: file-unreadable, giver-required, idempotency-in-progress, idempotency-key-
        reused, not-found.
        """
        return self._send.either(
            "POST",
            "/imports",
            models.ImportJob,
            models.ImportReport,
            query={
                "marketplace": marketplace,
                "consent": consent,
                "interest": interest,
                "filename": filename,
                "dry_run": dry_run,
                "limit": limit,
            },
            data=data,
            once=True,
        )

    def show_import(
        self, import_id: Id, *, outcome: Literal["duplicate", "imported", "refused"] | None = None
    ) -> models.ImportJob | models.ImportReport:
        """Report of an import.

        How far it is; when it ended, what became of each row: imported, duplicate, refused,
        why.

        Problems: not-found.
        """
        return self._send.either(
            "GET",
            f"/imports/{segment(import_id)}",
            models.ImportJob,
            models.ImportReport,
            query={"outcome": outcome},
        )

    def state_consent(
        self, import_id: Id, data: models.ConsentDraft
    ) -> models.ConsentJob | models.ConsentReport:
        """State the consent for the drafts of a file.

        For all drafts of it that have no permission yet, with its proof; who can be reached is
        submitted. The same statement again goes on with the one that there is.

        Problems: giver-required, idempotency-in-progress, idempotency-key-reused, import-state,
        not-found.
        """
        return self._send.either(
            "POST",
            f"/imports/{segment(import_id)}/consent",
            models.ConsentJob,
            models.ConsentReport,
            data=data,
            once=True,
        )

    def list_consents(self, import_id: Id) -> Iterator[models.ConsentReport]:
        """Consents stated for a file.

        What was stated, by whom, and how many drafts it was for, newest first.

        Problems: not-found.
        """
        return self._send.pages(
            "GET", f"/imports/{segment(import_id)}/consents", models.ConsentReport
        )

    def list_mappings(self) -> Iterator[models.SavedMapping]:
        """My mappings.

        How my company reads the files of its sources, newest first.
        """
        return self._send.pages("GET", "/import-mappings", models.SavedMapping)

    def save_mapping(self, data: models.MappingDraft) -> models.SavedMapping:
        """Keep a mapping.

        For files of its source: taken by POST /imports when no known format and no mapping sent
        along is. The one that had its name before goes.

        Problems: file-unreadable, idempotency-in-progress, idempotency-key-reused, too-many-
        mappings.
        """
        return self._send.one("POST", "/import-mappings", models.SavedMapping, data=data, once=True)

    def forget_mapping(self, mapping_id: Id) -> None:
        """Remove a mapping.

        Files of its source are not read by it any more.

        Problems: not-found.
        """
        return self._send.nothing("DELETE", f"/import-mappings/{segment(mapping_id)}")


class Intake(Room):
    """Intake."""

    def list_keys(self) -> Iterator[models.IntakeKey]:
        """Where leads come in for my company.

        Keys of forms and platforms, revoked ones too, newest first; never the keys themselves.
        """
        return self._send.pages("GET", "/intake-keys", models.IntakeKey)

    def create_key(self, data: models.IntakeKeyDraft) -> models.NewIntakeKey:
        """A new address at which leads come in.

        For admins of a giver or the operator. The key is shown this once.

        Problems: admin-required, giver-required, idempotency-in-progress, idempotency-key-
        reused, not-found, shown-once, too-many-intake-keys.
        """
        return self._send.one("POST", "/intake-keys", models.NewIntakeKey, data=data, once=True)

    def revoke_key(self, key_id: Id) -> None:
        """Nothing comes in by this key any more.

        For admins; takes effect with the next request. The consent text stays as a proof.

        Problems: admin-required, not-found.
        """
        return self._send.nothing("DELETE", f"/intake-keys/{segment(key_id)}")

    def set_meta_access(self, key_id: Id, data: models.MetaAccess) -> None:
        """Another access token or app secret of Meta.

        For admins. What waited for it is fetched at once, and what was given up is tried again.

        Problems: admin-required, not-found.
        """
        return self._send.nothing("PUT", f"/intake-keys/{segment(key_id)}/meta", data=data)

    def take_form(self, key: Id, data: bytes) -> models.TakenIn:
        """A form of a web site.

        Fields are told by their names, as columns of a list are (name or vorname and nachname,
        e-mail, telefon, plz, ort, anliegen ...); others become answers. `consent` is the box
        that is ticked; `website` must stay empty: who fills it in is no person, and is answered
        the same.

        Problems: not-found, origin-not-allowed, too-many-requests.
        """
        return self._send.one("POST", f"/intake/{segment(key)}", models.TakenIn, data=data)

    def take_google(self, key: Id, data: models.GoogleLead) -> models.TakenIn:
        """The webhook of Google's lead forms.

        As Google documents it. A lead that comes again is one lead; test data is only looked
        at.

        Problems: not-found, too-many-requests.
        """
        return self._send.one("POST", f"/intake/{segment(key)}/google", models.TakenIn, data=data)

    def confirm_meta(
        self, key: Id, *, hub_verify_token: str, hub_challenge: str, hub_mode: Literal["subscribe"]
    ) -> bytes:
        """Meta asks whether this address expects it.

        As Meta documents it: the challenge is sent back to who knows the verify token.

        Problems: not-found, too-many-requests.
        """
        return self._send.bytes(
            "GET",
            f"/intake/{segment(key)}/meta",
            query={
                "hub.verify_token": hub_verify_token,
                "hub.challenge": hub_challenge,
                "hub.mode": hub_mode,
            },
        )

    def take_meta(self, key: Id, data: models.MetaNotification) -> models.TakenIn:
        """The webhook of Meta's lead ads.

        As Meta documents it, signed in X-Hub-Signature-256. It only names leads; the worker
        fetches what they say. What is answered with 200 is kept until it was fetched.

        Problems: not-found, too-many-requests.
        """
        return self._send.one("POST", f"/intake/{segment(key)}/meta", models.TakenIn, data=data)


class Exports(Room):
    """Exports."""

    def leads_csv(
        self,
        *,
        as_: Literal["giver", "operator", "taker"] | None = None,
        state: Literal[
            "available",
            "closed",
            "draft",
            "engaged",
            "erased",
            "offered",
            "rejected",
            "submitted",
            "unplaced",
            "withdrawn",
        ]
        | None = None,
        marketplace: Id | None = None,
        handler: str | None = None,
        step: str | None = None,
        engagement: Literal["active", "lost", "return_requested", "returned", "revoked", "won"]
        | None = None,
        tag: str | None = None,
        source: str | None = None,
        giver: Id | None = None,
        lead: Id | None = None,
        received_since: Moment | None = None,
        changed_since: Moment | None = None,
        stalled: Literal["true"] | None = None,
        q: str | None = None,
        sort: Literal["newest", "oldest"] | None = None,
        columns: str | None = None,
    ) -> bytes:
        """Leads as CSV.

        All leads of the list with the same filters, whatever their number.

        Problems: colleague-required, too-many-requests.
        """
        return self._send.bytes(
            "GET",
            "/exports/leads.csv",
            query={
                "as": as_,
                "state": state,
                "marketplace": marketplace,
                "handler": handler,
                "step": step,
                "engagement": engagement,
                "tag": tag,
                "source": source,
                "giver": giver,
                "lead": lead,
                "received_since": received_since,
                "changed_since": changed_since,
                "stalled": stalled,
                "q": q,
                "sort": sort,
                "columns": columns,
            },
        )

    def leads_jsonl(
        self,
        *,
        as_: Literal["giver", "operator", "taker"] | None = None,
        state: Literal[
            "available",
            "closed",
            "draft",
            "engaged",
            "erased",
            "offered",
            "rejected",
            "submitted",
            "unplaced",
            "withdrawn",
        ]
        | None = None,
        marketplace: Id | None = None,
        handler: str | None = None,
        step: str | None = None,
        engagement: Literal["active", "lost", "return_requested", "returned", "revoked", "won"]
        | None = None,
        tag: str | None = None,
        source: str | None = None,
        giver: Id | None = None,
        lead: Id | None = None,
        received_since: Moment | None = None,
        changed_since: Moment | None = None,
        stalled: Literal["true"] | None = None,
        q: str | None = None,
        sort: Literal["newest", "oldest"] | None = None,
        columns: str | None = None,
    ) -> bytes:
        """Leads as JSON Lines.

        All leads of the list with the same filters, whatever their number.

        Problems: colleague-required, too-many-requests.
        """
        return self._send.bytes(
            "GET",
            "/exports/leads.jsonl",
            query={
                "as": as_,
                "state": state,
                "marketplace": marketplace,
                "handler": handler,
                "step": step,
                "engagement": engagement,
                "tag": tag,
                "source": source,
                "giver": giver,
                "lead": lead,
                "received_since": received_since,
                "changed_since": changed_since,
                "stalled": stalled,
                "q": q,
                "sort": sort,
                "columns": columns,
            },
        )

    def leads_xlsx(
        self,
        *,
        as_: Literal["giver", "operator", "taker"] | None = None,
        state: Literal[
            "available",
            "closed",
            "draft",
            "engaged",
            "erased",
            "offered",
            "rejected",
            "submitted",
            "unplaced",
            "withdrawn",
        ]
        | None = None,
        marketplace: Id | None = None,
        handler: str | None = None,
        step: str | None = None,
        engagement: Literal["active", "lost", "return_requested", "returned", "revoked", "won"]
        | None = None,
        tag: str | None = None,
        source: str | None = None,
        giver: Id | None = None,
        lead: Id | None = None,
        received_since: Moment | None = None,
        changed_since: Moment | None = None,
        stalled: Literal["true"] | None = None,
        q: str | None = None,
        sort: Literal["newest", "oldest"] | None = None,
        columns: str | None = None,
    ) -> bytes:
        """Leads as XLSX.

        All leads of the list with the same filters, whatever their number.

        Problems: colleague-required, too-many-requests.
        """
        return self._send.bytes(
            "GET",
            "/exports/leads.xlsx",
            query={
                "as": as_,
                "state": state,
                "marketplace": marketplace,
                "handler": handler,
                "step": step,
                "engagement": engagement,
                "tag": tag,
                "source": source,
                "giver": giver,
                "lead": lead,
                "received_since": received_since,
                "changed_since": changed_since,
                "stalled": stalled,
                "q": q,
                "sort": sort,
                "columns": columns,
            },
        )

    def offers_csv(
        self,
        *,
        as_: Literal["operator", "taker"] | None = None,
        state: Literal["declined", "expired", "lost", "open", "picked", "withdrawn"] | None = None,
        marketplace: Id | None = None,
        lead: Id | None = None,
        columns: str | None = None,
    ) -> bytes:
        """Offers as CSV.

        All offers of the list with the same filters, newest first.

        Problems: too-many-requests.
        """
        return self._send.bytes(
            "GET",
            "/exports/offers.csv",
            query={
                "as": as_,
                "state": state,
                "marketplace": marketplace,
                "lead": lead,
                "columns": columns,
            },
        )

    def offers_jsonl(
        self,
        *,
        as_: Literal["operator", "taker"] | None = None,
        state: Literal["declined", "expired", "lost", "open", "picked", "withdrawn"] | None = None,
        marketplace: Id | None = None,
        lead: Id | None = None,
        columns: str | None = None,
    ) -> bytes:
        """Offers as JSON Lines.

        All offers of the list with the same filters, newest first.

        Problems: too-many-requests.
        """
        return self._send.bytes(
            "GET",
            "/exports/offers.jsonl",
            query={
                "as": as_,
                "state": state,
                "marketplace": marketplace,
                "lead": lead,
                "columns": columns,
            },
        )

    def offers_xlsx(
        self,
        *,
        as_: Literal["operator", "taker"] | None = None,
        state: Literal["declined", "expired", "lost", "open", "picked", "withdrawn"] | None = None,
        marketplace: Id | None = None,
        lead: Id | None = None,
        columns: str | None = None,
    ) -> bytes:
        """Offers as XLSX.

        All offers of the list with the same filters, newest first.

        Problems: too-many-requests.
        """
        return self._send.bytes(
            "GET",
            "/exports/offers.xlsx",
            query={
                "as": as_,
                "state": state,
                "marketplace": marketplace,
                "lead": lead,
                "columns": columns,
            },
        )

    def statement_csv(
        self, *, marketplace: Id, month: str | None = None, company: Id | None = None
    ) -> bytes:
        """The statement as CSV.

        The whole month with its totals, and no personal data. In German (Accept-Language) with
        semicolons and a decimal comma, else with commas and a decimal point.

        Problems: not-found, too-many-requests.
        """
        return self._send.bytes(
            "GET",
            "/exports/statement.csv",
            query={"marketplace": marketplace, "month": month, "company": company},
        )

    def statement_jsonl(
        self,
        *,
        marketplace: Id,
        month: str | None = None,
        company: Id | None = None,
        columns: str | None = None,
    ) -> bytes:
        """The statement as JSON Lines.

        Its entries in their order.

        Problems: not-found, too-many-requests.
        """
        return self._send.bytes(
            "GET",
            "/exports/statement.jsonl",
            query={
                "marketplace": marketplace,
                "month": month,
                "company": company,
                "columns": columns,
            },
        )

    def statement_xlsx(
        self,
        *,
        marketplace: Id,
        month: str | None = None,
        company: Id | None = None,
        columns: str | None = None,
    ) -> bytes:
        """The statement as XLSX.

        Its entries in their order.

        Problems: not-found, too-many-requests.
        """
        return self._send.bytes(
            "GET",
            "/exports/statement.xlsx",
            query={
                "marketplace": marketplace,
                "month": month,
                "company": company,
                "columns": columns,
            },
        )


class Webhooks(Room):
    """Webhooks."""

    def list_webhooks(self) -> Iterator[models.Webhook]:
        """Webhooks of my company.

        For admins. Newest first; never their secrets.

        Problems: admin-required.
        """
        return self._send.pages("GET", "/webhooks", models.Webhook)

    def add(self, data: models.WebhookDraft) -> models.NewWebhook:
        """Add a webhook.

        For admins. From now on events are posted there, signed as Standard Webhooks has it; the
        secret is shown this once. https to the public internet; the address is looked up now
        and before each attempt, and redirects are not followed. At most 20 a company.

        Problems: admin-required, idempotency-in-progress, idempotency-key-reused, shown-once,
        too-many-webhooks.
        """
        return self._send.one("POST", "/webhooks", models.NewWebhook, data=data, once=True)

    def remove(self, webhook_id: Id) -> None:
        """Remove a webhook.

        For admins. What is on its way is not sent any more.

        Problems: admin-required, not-found.
        """
        return self._send.nothing("DELETE", f"/webhooks/{segment(webhook_id)}")

    def change(
        self, webhook_id: Id, data: models.WebhookChange, *, seen: Versioned
    ) -> models.Webhook:
        """Change a webhook.

        For admins. One that was ended (410, or days of failure) comes back with `state:
        active`.

        Problems: admin-required, not-found, version-required, version-stale.
        """
        return self._send.one(
            "PATCH", f"/webhooks/{segment(webhook_id)}", models.Webhook, data=data, seen=seen
        )

    def ping(self, webhook_id: Id) -> models.Sent:
        """Try a webhook.

        For admins. Sends a delivery of the kind `ping`, which is repeated as all others.

        Problems: admin-required, idempotency-in-progress, idempotency-key-reused, not-found,
        too-many-requests, webhook-not-active.
        """
        return self._send.one(
            "POST", f"/webhooks/{segment(webhook_id)}/ping", models.Sent, once=True
        )

    def rotate(self, webhook_id: Id) -> models.NewSecret:
        """A new secret.

        For admins. For a day deliveries are signed with both; a further rotation ends the older
        one at once.

        Problems: admin-required, idempotency-in-progress, idempotency-key-reused, not-found,
        shown-once.
        """
        return self._send.one(
            "POST", f"/webhooks/{segment(webhook_id)}/rotate", models.NewSecret, once=True
        )

    def list_deliveries(self, webhook_id: Id) -> Iterator[models.WebhookDelivery]:
        """Deliveries of a webhook.

        For admins. Newest first, of seven days.

        Problems: admin-required, not-found.
        """
        return self._send.pages(
            "GET", f"/webhooks/{segment(webhook_id)}/deliveries", models.WebhookDelivery
        )

    def replay(self, webhook_id: Id, delivery_id: Id) -> models.Sent:
        """Deliver again.

        For admins. With the same id, from the begin of the schedule, also what was delivered.

        Problems: admin-required, idempotency-in-progress, idempotency-key-reused, not-found,
        too-many-requests, webhook-not-active.
        """
        return self._send.one(
            "POST",
            f"/webhooks/{segment(webhook_id)}/deliveries/{segment(delivery_id)}/replay",
            models.Sent,
            once=True,
        )


class Push(Room):
    """Push."""

    def show_key(self) -> models.PushKey:
        """The key that browsers subscribe with.

        `applicationServerKey` of PushManager.subscribe; null where the deployment pushes
        nothing.
        """
        return self._send.one("GET", "/push/key", models.PushKey)

    def list_mine(self) -> models.PushSubscriptions:
        """My browsers that are told of offers.

        Newest first.

        Problems: colleague-required.
        """
        return self._send.one("GET", "/me/push-subscriptions", models.PushSubscriptions)

    def subscribe(self, data: models.PushSubscriptionDraft) -> models.Subscribed:
        """Tell this browser of offers.

        What `JSON.stringify(subscription)` says. Kinds and quiet hours are those of GET
        /me/notices. It ends with a log-out there; a session that only runs out leaves it, for a
        month. Send it again after each log-in: a browser has one subscription, of whoever
        logged in last.

        Problems: colleague-required, idempotency-in-progress, idempotency-key-reused, too-many-
        requests.
        """
        return self._send.one(
            "POST", "/me/push-subscriptions", models.Subscribed, data=data, once=True
        )

    def unsubscribe(self, subscription_id: Id) -> None:
        """Tell a browser no more.

        One of my own.

        Problems: colleague-required, not-found.
        """
        return self._send.nothing("DELETE", f"/me/push-subscriptions/{segment(subscription_id)}")


class Merges(Room):
    """Merges."""

    def list_merges(self) -> Iterator[models.Merge]:
        """Merges of my company.

        Requests of my company and to it, newest first.
        """
        return self._send.pages("GET", "/merges", models.Merge)

    def request(self, data: models.MergeDraft) -> models.Merge:
        """Ask for a merge.

        For admins. Its admins are asked by e-mail; the answer is the same whether or not the
        address or id belongs to a company.

        Problems: admin-required, colleague-features-off, idempotency-in-progress, idempotency-
        key-reused, merge-with-itself, too-many-requests.
        """
        return self._send.one("POST", "/merges", models.Merge, data=data, once=True)

    def show(self, merge_id: Id) -> models.Merge:
        """Show a merge.

        How far it is.

        Problems: not-found.
        """
        return self._send.one("GET", f"/merges/{segment(merge_id)}", models.Merge)

    def show_rehearsal(self, merge_id: Id) -> models.Rehearsal:
        """What the merge would do.

        The latest rehearsal: who newly sees what, which rows collapse, which settings stay,
        what forbids it. Both sides read the same.

        Problems: merge-not-rehearsed, not-found.
        """
        return self._send.one("GET", f"/merges/{segment(merge_id)}/rehearsal", models.Rehearsal)

    def order_rehearsal(self, merge_id: Id) -> models.Merge:
        """Order a rehearsal.

        For admins; the first one by the side that was asked, and with it both sides learn each
        other's name. Made within seconds; consents to a former one are void.

        Problems: admin-required, colleague-features-off, idempotency-in-progress, idempotency-
        key-reused, merge-other-side-first, merge-state, not-found.
        """
        return self._send.one(
            "POST", f"/merges/{segment(merge_id)}/rehearsal", models.Merge, once=True
        )

    def list_leads(
        self, merge_id: Id, *, to: Literal["absorbed", "survivor"] | None = None
    ) -> Iterator[models.NewlyVisible]:
        """Leads behind the numbers.

        Each lead that the colleagues of one side would newly see, until the merge is done.

        Problems: not-found.
        """
        return self._send.pages(
            "GET",
            f"/merges/{segment(merge_id)}/rehearsal/leads",
            models.NewlyVisible,
            query={"to": to},
        )

    def consent(self, merge_id: Id, data: models.Consent) -> models.Merge:
        """Consent to a merge.

        For an admin of each side. With both consents it runs at execute_at; it does what the
        rehearsal says, or nothing.

        Problems: admin-required, colleague-features-off, idempotency-in-progress, idempotency-
        key-reused, merge-blocked, merge-consent-expired, merge-rehearsed-anew, merge-state,
        not-found.
        """
        return self._send.one(
            "POST", f"/merges/{segment(merge_id)}/consent", models.Merge, data=data, once=True
        )

    def refuse(self, merge_id: Id, data: models.MergeRefusal) -> models.Merge:
        """Refuse a merge.

        For admins of both sides, until it is done: refuse it, or take request or consent back.

        Problems: admin-required, idempotency-in-progress, idempotency-key-reused, merge-state,
        not-found.
        """
        return self._send.one(
            "POST", f"/merges/{segment(merge_id)}/refuse", models.Merge, data=data, once=True
        )

    def answer_by_token(self, token: Id, data: models.TokenAnswer) -> models.TokenAnswered:
        """Consent from the mail.

        Needs no log-in: the token is the right, for the rehearsal it was mailed with.

        Problems: colleague-features-off, merge-blocked, merge-consent-expired, not-found.
        """
        return self._send.one(
            "POST", f"/merge-consents/{segment(token)}", models.TokenAnswered, data=data
        )


class Views(Room):
    """Views."""

    def list_views(self) -> Iterator[models.SavedView]:
        """Saved views.

        Lists of the workbench that colleagues of my company saved, newest first.
        """
        return self._send.pages("GET", "/views", models.SavedView)

    def save_view(self, data: models.ViewDraft) -> models.SavedView:
        """Save a view.

        For all colleagues of my company. The one that had its name before goes.

        Problems: idempotency-in-progress, idempotency-key-reused, too-many-views.
        """
        return self._send.one("POST", "/views", models.SavedView, data=data, once=True)

    def forget_view(self, view_id: Id) -> None:
        """Remove a view.

        For all colleagues of my company.

        Problems: not-found.
        """
        return self._send.nothing("DELETE", f"/views/{segment(view_id)}")

    def look(self, marketplace_id: Id, lead_id: Id) -> models.Presence:
        """I am looking at the lead.

        For the next 60 seconds; answers which of my colleagues do, too. No other company is
        told.

        Problems: colleague-required, not-found.
        """
        return self._send.one(
            "PUT",
            f"/marketplaces/{segment(marketplace_id)}/leads/{segment(lead_id)}/presence",
            models.Presence,
        )


class Rooms:
    """Every operation, by room."""

    def __init__(self, send: Sending) -> None:
        self.health = Health(send)
        self.sessions = Sessions(send)
        self.notices = Notices(send)
        self.companies = Companies(send)
        self.marketplaces = Marketplaces(send)
        self.waves = Waves(send)
        self.reports = Reports(send)
        self.access = Access(send)
        self.returns = Returns(send)
        self.leads = Leads(send)
        self.offers = Offers(send)
        self.engagements = Engagements(send)
        self.calls = Calls(send)
        self.follow_ups = FollowUps(send)
        self.absences = Absences(send)
        self.timeline = Timeline(send)
        self.events = Events(send)
        self.files = Files(send)
        self.imports = Imports(send)
        self.intake = Intake(send)
        self.exports = Exports(send)
        self.webhooks = Webhooks(send)
        self.push = Push(send)
        self.merges = Merges(send)
        self.views = Views(send)

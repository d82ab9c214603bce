"""The README's session with the client that openapi-python-client made: session.py BASE LEAD.

Everything goes through generated functions and types, errors included. LEAD is the id of a lead
that is offered to Huber and Klein. Prints what each person met, a line each.
"""

import sys
from uuid import UUID

from generated import AuthenticatedClient, Client
from generated.api.leads import leads_show
from generated.api.offers import offers_list_offers, offers_pick
from generated.api.sessions import sessions_log_in
from generated.models import (
    Engagement,
    Lead,
    LeadNoLongerAvailableProblem,
    LogIn,
    LogInFailedProblem,
    NotFoundProblem,
    OffersListOffersState,
    Session,
)

BASE, LEAD, PASSWORD = sys.argv[1], UUID(sys.argv[2]), sys.argv[3]


def log_in(email: str) -> AuthenticatedClient:
    """A client with the person's token."""
    session = sessions_log_in.sync(
        client=Client(base_url=BASE), body=LogIn(email=email, password=PASSWORD)
    )
    assert isinstance(session, Session), session
    assert isinstance(session.token, str)
    return AuthenticatedClient(base_url=BASE, token=session.token)


refused = sessions_log_in.sync(
    client=Client(base_url=BASE), body=LogIn(email="ben@huber.example", password="falsch")
)
assert isinstance(refused, LogInFailedProblem), refused
ben, anna = log_in("ben@huber.example"), log_in("anna@huber.example")
cora = log_in("cora@klein.example")
offers = offers_list_offers.sync(client=cora, state=OffersListOffersState.OPEN, limit=100)
(offer,) = [one for one in offers.items if one.lead_id == LEAD]
print("Cora is offered", offer.teaser.interest, "until", offer.expires_at.isoformat()[:4])
picked = offers_pick.sync(offer.marketplace_id, LEAD, client=ben)
assert isinstance(picked, Engagement), picked
print("Ben picked:", picked.picked_by, picked.state)
late = offers_pick.sync(offer.marketplace_id, LEAD, client=cora)
assert isinstance(late, LeadNoLongerAvailableProblem), late
print("Cora is told:", int(late.status), late.title)
seen = leads_show.sync(offer.marketplace_id, LEAD, client=anna)
assert isinstance(seen, Lead), seen
print("Anna sees:", seen.state, seen.prospect.name, seen.created_at.tzinfo is not None)
gone = leads_show.sync(offer.marketplace_id, LEAD, client=cora)
assert isinstance(gone, NotFoundProblem), gone
print("Cora sees:", int(gone.status))

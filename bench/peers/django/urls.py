"""The two routes, at the service's own addresses."""

from django.urls import path
from views import Leads, OneLead

urlpatterns = [
    path("leads", Leads.as_view()),
    path("marketplaces/<uuid:m>/leads/<uuid:lead_id>", OneLead.as_view()),
]

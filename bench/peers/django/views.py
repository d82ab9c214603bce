"""What the peer answers: the fields of Kollegium's own answers."""

from models import Engagement, Lead, Prospect
from rest_framework import generics, pagination, serializers


class ProspectOut(serializers.ModelSerializer):
    class Meta:
        model = Prospect
        fields = (
            "name", "salutation", "company", "email", "phone", "street", "postcode", "city",
            "country", "answers",
        )  # fmt: skip


class EngagementOut(serializers.ModelSerializer):
    class Meta:
        model = Engagement
        fields = (
            "id", "marketplace_id", "lead_id", "company_id", "company_name", "state", "origin",
            "self_pick", "picked_by_name", "steps", "step", "handler_id", "handler_name", "value",
            "started_at", "closed_at",
        )  # fmt: skip


class LeadOut(serializers.ModelSerializer):
    prospect = ProspectOut()
    engagement = EngagementOut()

    class Meta:
        model = Lead
        fields = (
            "marketplace_id", "id", "state", "interest", "postcode_area", "tags",
            "distribution_permission", "source", "external_ref", "rejection_reason",
            "operator_company_id", "operator_name", "giver_company_id", "giver_name",
            "engaged_company_id", "engaged_company_name", "created_at", "submitted_at",
            "changed_at", "version", "prospect", "engagement",
        )  # fmt: skip


class Pages(pagination.CursorPagination):
    ordering = "-id"
    page_size_query_param = "limit"
    max_page_size = 100


class OneLead(generics.RetrieveAPIView):
    serializer_class = LeadOut

    def get_object(self):
        found = Lead.objects.select_related("prospect", "engagement")
        return generics.get_object_or_404(
            found, marketplace_id=self.kwargs["m"], id=self.kwargs["lead_id"]
        )


class Leads(generics.ListAPIView):
    queryset = Lead.objects.select_related("prospect", "engagement")
    serializer_class = LeadOut
    pagination_class = Pages

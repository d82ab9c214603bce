"""What mails say: every template in both languages, with payloads as the functions make them.

Texts are strict: a value that is missing is an error here and not a hole in a mail.
"""

import re
from typing import Any

import pytest

from service.jobs.mail.rendering import (
    LANGUAGES,
    TemplateFails,
    TemplateUnknown,
    render,
    templates,
)
from tests.fixtures.database import ROOT

_LEAD = {"marketplace_id": "0190-m", "lead": "0190-l"}
_MERGE = {"merge": "0190-z", "survivor": "Huber", "absorbed": "Klein"}
_TEASER = {
    "operator": "Solarportal Nord",
    "interest": "PV 10 kWp",
    "postcode_area": "25",
    "expires_at": "2026-10-25T00:30:00+00:00",
}
_ABOUT_OPERATOR = {"operator": "Solarportal Nord", **_LEAD}
_ABOUT_COMPANY = {"company": "Huber", **_LEAD}
_ABOUT_INTEREST = {"interest": "PV 10 kWp", **_LEAD}
_DUE = {"due_at": "2026-12-01T09:00:00.123456+00:00"}
PAYLOADS: dict[str, dict[str, Any]] = {
    "invitation": {"company": "Huber", "inviter": "Anna", "token": "kgi_abc-_1", "days": 14},
    "partner-invitation": {
        "marketplace": "Nord", "marketplace_id": "0190-m", "operator": "Nord AG",
        "capacity": "giver",
    },
    "partner-answered": {
        "marketplace": "Nord", "marketplace_id": "0190-m", "company": "Huber", "accepted": True
    },
    "lead-rejected": {**_ABOUT_OPERATOR, "reason": "doppelt"},
    "offer-opened": _TEASER,
    "offer-last-call": _TEASER,
    "lead-engaged": {**_ABOUT_INTEREST, "company": "Huber"},
    "lead-assigned": {**_ABOUT_INTEREST, "operator": "Solarportal Nord"},
    "lead-unplaced": _ABOUT_INTEREST,
    "lead-came-back": _ABOUT_INTEREST,
    "file-received": _ABOUT_COMPANY,
    "message-received": _ABOUT_COMPANY,
    "password-reset": {"token": "kgp_abc-_1", "minutes": 30},
    "password-changed": {},
    "colleague-features-on": {"company": "Huber", "week": "2026-W41"},
    "follow-up-due": {"marketplace": "Nord", **_LEAD, **_DUE},
    "lead-handed-back": {"marketplace": "Nord", **_LEAD, "hours": 16},
    "merge-requested": {"company": "Huber", "merge": "0190-z"},
    "merge-rehearsed": {**_MERGE, "token": "kgm_abc-_1", "days": 14, "blocks": 0, "leads": 12},
    "merge-refused": {"company": "Huber", "merge": "0190-z"},
    "merge-done": _MERGE,
    "merge-partner": {"survivor": "Huber", "absorbed": "Klein", "marketplaces": ["Nord", "Süd"]},
    "merge-undone": _MERGE,
    "colleague-split": {"colleague": "Ben", "company": "Ben Bau", "leads": 3},
    "became-admin": {"colleague": "Ben", "company": "Huber"},
    "webhook-gone": {"webhook": "1", "name": "CRM"},
    "meta-token-refused": {"name": "gerd-ads"},
    "meta-permission-missing": {"name": "gerd-ads"},
    "meta-lead-missed": {"name": "gerd-ads", "leadgen": "1234", "failure": "status-500"},
    "webhook-failing": {"webhook": "1", "name": "CRM"},
    "picked-twice": {**_ABOUT_INTEREST, "here": "Huber", "there": "Klein"},
    "return-requested": {**_ABOUT_COMPANY, "reason": "not_reached"},
    "return-waiting": {"colleague": "Ben", **_LEAD},
    "return-not-released": {"colleague": "Ben", **_LEAD},
    "return-due": {**_ABOUT_COMPANY, **_DUE},
    "return-accepted-by-itself": _ABOUT_OPERATOR,
    "return-came-by-itself": _ABOUT_COMPANY,
    "return-accepted": _ABOUT_OPERATOR,
    "return-refused": _ABOUT_OPERATOR,
    "lead-revoked": {**_ABOUT_OPERATOR, "reason": "x"},
    "digest": {
        "count": 60,
        "groups": [
            {"notice": "offers", "count": 58, "mails": [
                {"template": "offer-opened", "payload": _TEASER},
                {"template": "offer-opened", "payload": _TEASER},
            ]},
            {"notice": "messages", "count": 2, "mails": [
                {"template": "message-received", "payload": _ABOUT_COMPANY},
                {"template": "file-received", "payload": _ABOUT_COMPANY},
            ]},
        ],
    },
}  # fmt: skip
HOSTILE = 'x\r\nBcc: y@z.example\n\n<b onclick="a">\u202ehttps://evil.example {{ 7*7 }}'
URL = "https://kg.example"


def test_every_template_of_the_functions_has_texts() -> None:
    sql = "".join(path.read_text() for path in (ROOT / "sql" / "functions").rglob("*.sql"))
    used = set(re.findall(r"app_private\.mail(?:_\w+)?\(\s*'([a-z-]+)'", sql))
    assert used <= templates()
    assert templates() == set(PAYLOADS)
    for template in templates():
        spelt = [f"'{template}'", f"'{template.replace('-', '.', 1).replace('-', '_')}'"]
        assert any(word in sql for word in spelt), f"nobody writes {template}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", sorted(PAYLOADS))
def test_what_mails_say(template: str, language: str) -> None:
    mail = render(template, language, PAYLOADS[template], base_url=URL + "/", unsubscribe=None)
    assert mail.subject
    assert "\n" not in mail.subject
    assert not re.search(r"[{}$]|None|undefined", mail.subject + mail.text)
    assert mail.text.startswith("Guten Tag,\n" if language == "de" else "Hello,\n")
    assert max(len(line) for line in mail.text.split("\n")) <= 150
    assert f'<html lang="{language}">' in mail.html
    assert re.sub(r"\W+", " ", mail.text).split()[:12] == _words(mail.html)[:12], "the same words"
    for place in re.findall(r'href="([^"]+)"', mail.html):
        assert place.startswith(f"{URL}/")
        assert place in mail.text
    if "lead" in PAYLOADS[template] and not template.startswith("offer-"):
        assert f"{URL}/app/leads/0190-m/0190-l" in mail.text


@pytest.mark.parametrize("template", sorted(PAYLOADS))
def test_no_value_becomes_a_header_a_paragraph_or_markup(template: str) -> None:
    payload = {
        name: HOSTILE if isinstance(value, str) and not name.endswith("_at") else value
        for name, value in PAYLOADS[template].items()
    }
    for language in LANGUAGES:
        plain = render(template, language, PAYLOADS[template], base_url=URL)
        mail = render(template, language, payload, base_url=URL)
        assert "\n" not in mail.subject
        assert "\u202e" not in mail.subject + mail.text + mail.html
        assert not re.search(r"^Bcc:", mail.text, re.MULTILINE)
        assert "<b onclick" not in mail.html
        assert 'href="https://evil' not in mail.html
        assert "49" not in mail.text, "a value is no template"
        for sign in ("<p>", "<li>", "<a "):
            assert mail.html.count(sign) == plain.html.count(sign)
        assert mail.text.count("\n\n") == plain.text.count("\n\n")


def test_a_missing_value_is_an_error_that_names_no_value() -> None:
    with pytest.raises(TemplateFails) as raised:
        render("lead-engaged", "de", {"interest": "Geheimnis"}, base_url=URL)
    assert "Geheimnis" not in str(raised.value)
    with pytest.raises(TemplateUnknown):
        render("of-a-later-release", "de", {}, base_url=URL)
    with pytest.raises(TemplateUnknown):
        render("../en/lead-engaged", "de", {}, base_url=URL)


def test_a_mail_of_an_older_release_leads_to_the_list() -> None:
    mail = render("lead-unplaced", "de", {"lead": "0190-l", "interest": "PV"}, base_url=URL)
    assert f"{URL}/app/leads\n" in mail.text


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("Europe/Berlin", "02:30 Uhr (CEST)"), ("America/New_York", "24.10.2026, 20:30 Uhr (EDT)")],
)
def test_moments_are_in_the_zone_of_the_reader(zone: str, shown: str) -> None:
    assert shown in render("offer-opened", "de", _TEASER, base_url=URL, zone=zone).text


def _words(page: str) -> list[str]:
    body = re.sub(r"<[^>]+>", " ", page.partition("<body")[2].partition(">")[2])
    return re.sub(r"\W+", " ", body.replace("&quot;", " ").replace("&#x2f;", "/")).split()

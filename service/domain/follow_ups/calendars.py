"""Follow-ups as a calendar (RFC 5545): when, on which marketplace, and where to look. No person."""

from datetime import UTC, timedelta

from icalendar import Calendar, Event

from service.domain.follow_ups.messages import Feed

_WORDS = {"de": "Wiedervorlage", "en": "Follow-up"}
_LASTS = timedelta(minutes=15)


def calendar(feed: Feed, base_url: str) -> bytes:
    """The calendar that a program reads at its own intervals."""
    word = _WORDS[feed.language]
    made = Calendar()
    made.add("prodid", "-//Kollegium//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", f"{word} - Kollegium")
    for item in feed.items:
        event = Event()
        event.add("uid", f"{item.id}@kollegium")
        event.add("dtstamp", item.created_at.astimezone(UTC))
        event.add("dtstart", item.due_at.astimezone(UTC))
        event.add("dtend", item.due_at.astimezone(UTC) + _LASTS)
        event.add("sequence", item.version - 1)
        event.add("summary", f"{word}: {item.marketplace}")
        event.add("url", f"{base_url}/app/leads/{item.marketplace_id}/{item.lead_id}")
        made.add_component(event)
    return bytes(made.to_ical())

"""The end of a route, said long before: in the description and in every answer of it.

docs/api.md promises a year between the two dates; a route that declares less keeps the service from
starting (`routes.py`).
"""

import datetime
from email.utils import format_datetime
from typing import NamedTuple

#: The least time that a route goes on after it was said that it will end.
NOTICE = datetime.timedelta(days=365)


class Ending(NamedTuple):
    """A route that will be gone: `ends=Ending(since, gone, "GET /offers")`. since: from when on it
    was said; gone: the day on which it is; instead: what to use."""

    since: datetime.date
    gone: datetime.date
    instead: str

    @property
    def in_time(self) -> bool:
        """Whether there is a year between."""
        return self.gone - self.since >= NOTICE

    @property
    def headers(self) -> dict[str, str]:
        """Deprecation (RFC 9745), Sunset (RFC 8594), and where it is said what to use."""
        return {
            "deprecation": f"@{int(_midnight(self.since).timestamp())}",
            "sunset": format_datetime(_midnight(self.gone), usegmt=True),
            "link": '</docs>; rel="deprecation"; type="text/html"',
        }

    @property
    def words(self) -> str:
        """For the description."""
        return f"Deprecated since {self.since}, gone on {self.gone}; instead: {self.instead}."


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)

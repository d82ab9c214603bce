"""A marketplace of the invented former system."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class LegacyMarket:
    """A marketplace, who gives to and takes from it."""

    id: int
    owner: int
    statuses: list[int]
    created: datetime
    givers: list[int] = field(default_factory=list)
    takers: list[int] = field(default_factory=list)

"""
What the far side says it received: arrivals, and the report that carries them.

Plain values on the far side's steady clock; which of them to believe is decided in
`reports.py`.
"""

from dataclasses import dataclass
from math import nan


@dataclass(frozen=True, slots=True)
class Arrival:
    """Hold one frame's arrival, in seconds of the far side's steady clock."""

    sequence: int
    arrival_s: float
    payload_bytes: int
    server_s: float = nan


@dataclass(frozen=True, slots=True)
class LinkReportData:
    """Hold one link report; `arrivals` has the recent ones, in any order, with repetition."""

    receiver_id: int
    report_sequence: int
    sent_s: float
    arrivals: tuple[Arrival, ...]

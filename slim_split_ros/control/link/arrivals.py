"""
What the far side says it received: arrivals, and the report that carries them.

Plain values on the far side's steady clock; `report_guard.py` and `estimator.py` say which of
them to believe.
"""

from dataclasses import dataclass
from math import nan


@dataclass(frozen=True, slots=True)
class Arrival:
    """
    Hold one frame's arrival, in seconds of the far side's steady clock.

    `message_bytes` is the serialized size of all its messages; `server_s` from the arrival until
    the detections were published, NaN until then.
    """

    sequence: int
    arrival_s: float
    message_bytes: int
    server_s: float = nan


@dataclass(frozen=True, slots=True)
class LinkReportData:
    """
    Hold one link report; `arrivals` has the recent ones, newest last, with repetition.

    `decoded_sequence` is the newest frame that the far side decoded, None before the first.
    """

    receiver_id: int
    report_sequence: int
    sent_s: float
    arrivals: tuple[Arrival, ...]
    decoded_sequence: int | None = None

"""
How long the path takes beside our own queueing: base delays without synchronized clocks.

One-way delay is known up to the clocks' offset, so only its excess over the least of the
last seconds is used (queueing delay: Source: draft-ietf-rmcat-gcc-02, section 4.2, LEDBAT
RFC 6817, section 3.4.2). The round trip needs no offset: the far side's holding time is a
difference on its own clock.
"""

from math import inf

# The least of the last 7 to 14 s counts as the path without queue (RFC 6817 keeps minutes;
# a robot moves).
WINDOW_S = 7.0
# An outage must not age the window: what comes after it was queued.
WINDOW_VALUES = 50
# Jitter is a mean over about this many reports.
JITTER_REPORTS = 32.0
# Less delay than this share of the jitter is not told from none.
JITTER_FLOOR = 0.5
# A frame that needed less than this share of its transmission was carried by a faster link, if the
# base delay had transmission taken off it for so many arrivals before.
SOONER_SHARE = 0.6
SETTLED_ARRIVALS = 16
# A far clock that moved by more than this against the round trip was set anew.
CLOCK_JUMP_S = 0.2
# The two clocks drift apart by this in a window (50 ppm), and reading them takes time.
DRIFT_S = 2e-3


class WindowedMinimum:
    """Keep the least value of the last one to two windows."""

    def __init__(self) -> None:
        """Start without a value."""
        self.clear()

    def clear(self) -> None:
        """Forget every value."""
        self._older = self._newer = inf
        self._begun_s = -inf
        self._values = 0

    def add(self, value: float, now_s: float) -> None:
        """Note a value."""
        if now_s - self._begun_s > WINDOW_S and self._values >= WINDOW_VALUES:
            self._older, self._newer = self._newer, value
            self._begun_s, self._values = now_s, 0
        elif value < self._newer:
            self._newer = value
        if self._begun_s == -inf:
            self._begun_s = now_s
        self._values += 1

    @property
    def value(self) -> float:
        """Give the least value; inf before the first."""
        return self._older if self._older < self._newer else self._newer


class PathDelay:
    """Turn an arrival into a queueing delay and a round trip."""

    def __init__(self) -> None:
        """Start knowing nothing."""
        self._one_way = WindowedMinimum()
        self._round_trip = WindowedMinimum()
        self._return_excess = WindowedMinimum()
        self.clear()

    def clear(self) -> None:
        """Forget the clocks' offset, the base delays and the jitter."""
        self._one_way.clear()
        self._round_trip.clear()
        self._return_excess.clear()
        self._net_arrivals = 0      # in a row with their transmission known
        self._is_return_late = False
        self.jitter_s = 0.0

    @property
    def is_known(self) -> bool:
        """Say whether anything has arrived."""
        return self._round_trip.value != inf

    @property
    def base_round_trip_s(self) -> float:
        """Give the round trip without queueing; 0 while unknown."""
        value = self._round_trip.value
        return value if value != inf else 0.0

    def latest_sent_s(self, now_s: float) -> float:
        """Give the latest time of the far clock at which a report may have been sent."""
        least_s = self._return_excess.value
        sooner_s = self.base_round_trip_s + CLOCK_JUMP_S    # the way back may have become shorter
        return now_s - least_s + sooner_s if least_s != inf else inf

    def is_before_sending(self, one_way_s: float) -> bool:
        """Say whether a frame would have arrived before it was sent, as far as clocks tell."""
        return one_way_s + self._return_excess.value < -DRIFT_S

    def is_sooner(self, one_way_s: float, transmission_s: float) -> bool:
        """Say whether a frame arrived sooner than a link of that transmission time allows."""
        is_settled = self._net_arrivals >= SETTLED_ARRIVALS
        return is_settled and one_way_s - self._one_way.value < SOONER_SHARE * transmission_s

    def add(self, sent_s: float, arrival_s: float, report_sent_s: float, now_s: float,
            transmission_s: float) -> float:
        """
        Note one arrival and give its queueing and transmission delay, in seconds.

        `transmission_s` is the least that the frame itself needs on the link: without taking
        it off, the smallest frame's time would pass for propagation.
        """
        one_way_s = arrival_s - sent_s
        round_trip_s = (now_s - sent_s) - (report_sent_s - arrival_s)
        excess_s = round_trip_s - min(self._round_trip.value, round_trip_s)
        if one_way_s - self._one_way.value > excess_s + CLOCK_JUMP_S:
            self._one_way.clear()
        self._one_way.add(one_way_s - transmission_s, now_s)
        self._net_arrivals = self._net_arrivals + 1 if transmission_s > 0.0 else 0
        self._round_trip.add(round_trip_s - transmission_s, now_s)
        excess_s = one_way_s - self._one_way.value - self.jitter_s
        return max(JITTER_FLOOR * self.jitter_s, excess_s)

    def add_return(self, report_sent_s: float, now_s: float) -> None:
        """Note a report's own way back; its excess over the least is jitter to allow for."""
        way_s = now_s - report_sent_s
        if way_s - self._return_excess.value > 2.0 + CLOCK_JUMP_S:
            # One may have been held up on its way; it takes two to say that a clock moved.
            if not self._is_return_late:
                self._is_return_late = True
                return
            self._return_excess.clear()
        self._is_return_late = False
        self._return_excess.add(way_s, now_s)
        excess_s = way_s - self._return_excess.value
        self.jitter_s += (excess_s - self.jitter_s) / JITTER_REPORTS

    def to_sender_s(self, far_s: float) -> float:
        """Give when something must have left the queue to be there at `far_s`."""
        return far_s - self._one_way.value

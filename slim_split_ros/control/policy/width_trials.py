"""
When the encoder's width may change: narrower at once, wider after evidence.

Going wider is a trial; one that ends soon on an unchanged link makes the next wait twice as
long. Source: join experiments with exponential back-off of receiver-driven layered multicast
(McCanne, Jacobson, Vetterli, SIGCOMM 1996, section 3). On a link that changes nothing waits.
"""

# Wider has to be better for this long (net of the time in which it is not).
FIRST_WAIT_S = 0.02
LONGEST_WAIT_S = 40.0
# A trial that lasted this long was right.
TRIAL_S = 4.0
# A capacity that moved by less than this share is the same: only then did the trial fail by
# itself, and only until it moves is the next one delayed.
SAME_CAPACITY = 0.1
# One decision counts for no more than this, however long ago the last one was.
MOST_EVIDENCE_S = 0.3
# Wider only to points that leave a tenth of the link for busy pictures.
SUSTAINED_SHARE = 0.9
# Gains, as shares of a frame's accuracy, for which a width changes; the second is for going
# narrower although the link sustains the present width, which is a busy picture's doing.
LEAST_GAIN, SUSTAINED_DOWN_GAIN = 0.02, 0.15


class WidthTrials:
    """
    Hold the width in use and decide when it may change.

    >>> trials = WidthTrials()
    >>> trials.settle(0.25, 0.0, 1e5)
    >>> trials.may_change(0.5, 0.2, True, 0.1, 1e5)
    True
    """

    def __init__(self) -> None:
        """Start without a width."""
        self.width: float | None = None
        self._wait_s = FIRST_WAIT_S
        self._evidence_s = 0.0
        self._seen_s = 0.0
        self._widened_s: float | None = None
        self._trial_bps = 0.0

    def sustained_bits(self, capacity_bps: float, interval_s: float) -> float:
        """Give the largest mean size that a wider encoder may have."""
        return SUSTAINED_SHARE * capacity_bps * interval_s

    def settle(self, width: float, now_s: float, capacity_bps: float) -> None:
        """Note the width of a frame that is sent."""
        previous, self.width = self.width, width
        if previous is None or width == previous:
            return
        self._evidence_s = 0.0
        if width > previous:
            self._widened_s, self._trial_bps = now_s, capacity_bps
        elif self._widened_s is not None:
            if now_s - self._widened_s < TRIAL_S and self._is_same(capacity_bps):
                self._wait_s = min(2.0 * self._wait_s, LONGEST_WAIT_S)
            self._widened_s = None

    def may_change(self, width: float, gain: float, is_sustained: bool, now_s: float,
                   capacity_bps: float) -> bool:
        """Say whether the frame may go at another width, which is worth `gain` more."""
        is_wider = width > self.width and gain > LEAST_GAIN
        passed_s = min(max(0.0, now_s - self._seen_s), MOST_EVIDENCE_S)
        self._seen_s = now_s
        evidence_s = self._evidence_s + (passed_s if is_wider else -passed_s)
        self._evidence_s = min(max(0.0, evidence_s), self._wait_s)
        if not self._is_same(capacity_bps):
            self._wait_s = FIRST_WAIT_S
        if is_wider:
            return self._evidence_s >= self._wait_s
        return width < self.width and gain > (SUSTAINED_DOWN_GAIN if is_sustained
                                              else LEAST_GAIN)

    def _is_same(self, capacity_bps: float) -> bool:
        return abs(capacity_bps - self._trial_bps) <= SAME_CAPACITY * self._trial_bps

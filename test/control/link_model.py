"""A link of twenty lines for the control room's tests: fixed rate, FIFO, two clocks."""

from dataclasses import dataclass, field

from slim_split_ros.control import Arrival, LinkReportData


@dataclass
class LinkModel:
    """Serve frames at a settable rate and report every arrival."""

    rate_bps: float = 400_000.0
    delay_s: float = 0.02
    far_offset_s: float = 1000.0
    free_s: float = 0.0
    reports: int = 0
    receiver_id: int = 1
    arrivals: list[Arrival] = field(default_factory=list)

    def send(self, sequence: int, size: int, now_s: float) -> tuple[float, LinkReportData]:
        """Give when the report of this frame is back, and the report."""
        self.free_s = max(self.free_s, now_s) + size * 8.0 / self.rate_bps
        arrival_s = self.free_s + self.delay_s + self.far_offset_s
        self.arrivals = [*self.arrivals[-63:], Arrival(sequence, arrival_s, size, 0.025)]
        return self.free_s + 2.0 * self.delay_s, self.report(arrival_s)

    def report(self, sent_s: float) -> LinkReportData:
        """Give a report of the arrivals until now."""
        self.reports += 1
        return LinkReportData(self.receiver_id, self.reports, sent_s, tuple(self.arrivals))

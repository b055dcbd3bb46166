"""A link and a server of a page for the control room's tests: fixed rate, FIFO, two clocks."""

from dataclasses import dataclass, field, replace

from slim_split_ros.control import Arrival, LinkReportData


@dataclass
class LinkModel:
    """Serve frames at a settable rate, report every arrival, and answers once they are ready."""

    rate_bps: float = 400_000.0
    delay_s: float = 0.02
    far_offset_s: float = 1000.0
    server_s: float = 0.025
    free_s: float = 0.0
    server_free_s: float = 0.0
    reports: int = 0
    receiver_id: int = 1
    arrivals: list[Arrival] = field(default_factory=list)
    responses_s: dict[int, float] = field(default_factory=dict)
    ways_s: dict[int, float] = field(default_factory=dict)

    def send(self, sequence: int, size: int, now_s: float) -> tuple[float, LinkReportData]:
        """Give when the report of this frame's arrival is back, and the report."""
        self.free_s = max(self.free_s, now_s) + size * 8.0 / self.rate_bps
        arrival_s = self.free_s + self.delay_s
        self.server_free_s = max(self.server_free_s, arrival_s) + self.server_s
        self.responses_s[sequence] = self.server_free_s - arrival_s
        self.ways_s[sequence] = self.server_free_s + self.delay_s - now_s
        self.arrivals = [*self.arrivals[-63:],
                         Arrival(sequence, arrival_s + self.far_offset_s, size)]
        return arrival_s + self.delay_s, self.report(arrival_s + self.far_offset_s)

    def on_time(self, first: int, count: int, limit_s: float = 0.25) -> float:
        """Give the share of frames whose answer came in time after they were sent."""
        return sum(self.ways_s.get(first + index, 9.0) <= limit_s
                   for index in range(count)) / count

    def report(self, sent_s: float) -> LinkReportData:
        """Give a report of the arrivals until then, and of the answers that are ready."""
        self.reports += 1
        return LinkReportData(self.receiver_id, self.reports, sent_s, tuple(
            replace(arrival, server_s=self.responses_s[arrival.sequence])
            if arrival.arrival_s + self.responses_s[arrival.sequence] <= sent_s else arrival
            for arrival in self.arrivals))

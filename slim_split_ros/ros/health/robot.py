"""What is right and wrong with one robot of several, as its server sees it."""

from collections import Counter
from collections.abc import Mapping

from slim_split_ros.offboard import Load
from slim_split_ros.ros.health.findings import Finding, Level, Trend, most_frequent, rests, worst
from slim_split_ros.ros.health.offboard import (
    ACTIVE,
    FEW_UNPROVEN,
    SLOW_SHARE,
    TOO_SLOW,
    UNPROVEN,
    UNUSABLE,
)
from slim_split_ros.ros.health.server_status import Service

_US_PER_S = 1_000_000
_LEAST_SPAN_S = 1.0


class RobotWatch:
    """Follow the counts of one robot, and judge them; its part has its name."""

    def __init__(self, name: str) -> None:
        self._part = f'robot {name}'
        self._trend = Trend()

    def judge(
        self, state: str, service: Service, load: Load, silence: str,
        sentences: Mapping[str, str], now_s: float,
    ) -> Finding:
        """Return what is to be said now; `silence` says why nothing comes, if nothing does."""
        if state != ACTIVE:
            return rests(self._part, state)
        frames = service.frames
        recent = self._trend.change(Counter(frames.dropped) + Counter({
            'frames_in': frames.frames_in, 'frames_sent': frames.frames_sent,
            'service_us': round(_US_PER_S * service.service_s)}), now_s)
        span_s = max(self._trend.span_s, _LEAST_SPAN_S)
        share = recent['service_us'] / _US_PER_S / span_s
        return worst(self._part, [
            (Level.WARN if recent['frames_sent'] else Level.ERROR,
             most_frequent(UNUSABLE, recent, sentences, 'frames')),
            (Level.WARN, most_frequent((UNPROVEN,), recent, sentences, 'frames',
                                       max(FEW_UNPROVEN, recent['frames_sent']))),
            (Level.WARN, silence),
            (Level.WARN, most_frequent(
                TOO_SLOW, recent, sentences, 'frames', SLOW_SHARE * recent['frames_in'])),
            (Level.STALE, '' if frames.frames_in else 'waiting for the first frame'),
            (Level.STALE, '' if recent['frames_in'] else 'no frame came lately'),
        ], f'{recent["frames_in"] / span_s:.1f} frames/s, {share:.0%} of the server\'s time', {
            'frames_in': frames.frames_in, 'frames_served': frames.frames_sent,
            'waiting': load.waiting, 'rate_fps': service.rate_fps,
            'server_ms': service.server_ms, 'rate_kbps': service.rate_kbps,
            'service_s': service.service_s, **frames.dropped})

"""The facts about the server's side, gathered from what it counts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from slim_split_ros.offboard import Load
from slim_split_ros.ros.health import offboard as parts
from slim_split_ros.ros.health.findings import Finding, Trend
from slim_split_ros.ros.health.offboard import OffboardFacts, judge_offboard
from slim_split_ros.ros.health.server_status import ServerFacts, Service


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold the node's state at one moment; `topics` of frames are listened to."""

    state: str
    facts: ServerFacts
    detector_problem: str
    feature_silence: str
    service: Service
    topics: int
    load: Load
    sentences: Mapping[str, str]


class OffboardWatch:
    """Follow the counts of the node, and judge them."""

    def __init__(self) -> None:
        self._trend = Trend()

    def judge(self, reading: Reading, now_s: float) -> list[Finding]:
        """Return what is to be said now."""
        facts, service, load = reading.facts, reading.service, reading.load
        frames = service.frames
        recent = self._trend.change(Counter(frames.dropped) + Counter({
            'frames_in': frames.frames_in, 'frames_sent': frames.frames_sent}), now_s)
        return judge_offboard(OffboardFacts(
            state=reading.state, model=f'{facts.model} on {facts.place}',
            detector_problem=reading.detector_problem, feature_silence=reading.feature_silence,
            has_frames=frames.frames_in > 0, topics=reading.topics, senders=load.senders,
            recent=recent, span_s=self._trend.span_s, sentences=reading.sentences,
            server_ms=service.server_ms,
            values={
                parts.MODEL: {
                    'model': facts.model, 'fingerprint': f'{facts.fingerprint:016x}',
                    'coders': ', '.join(facts.coders), 'detector': facts.detector,
                    'place': facts.place},
                parts.ROBOTS: {
                    'frames_in': frames.frames_in, 'senders': load.senders, **frames.dropped},
                parts.LOAD: {
                    'frames_served': frames.frames_sent, 'waiting': load.waiting,
                    'rate_fps': service.rate_fps, 'server_ms': service.server_ms,
                    'rate_kbps': service.rate_kbps}}))

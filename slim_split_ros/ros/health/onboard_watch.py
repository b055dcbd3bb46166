"""The facts about the robot's side, gathered where they arise: frames, reports, the graph."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription

from slim_split_ros.ros.health import onboard as parts
from slim_split_ros.ros.health.deliveries import Deliveries
from slim_split_ros.ros.health.diagnostics import AnswerCounts, Counters
from slim_split_ros.ros.health.findings import Finding, Trend
from slim_split_ros.ros.health.onboard import OnboardFacts, judge_onboard
from slim_split_ros.ros.health.server_time import ServerTime
from slim_split_ros.ros.settings.onboard_parameters import OnboardSettings
from slim_split_ros.ros.topics.messages import LastFrame, LinkEstimate
from slim_split_ros.ros.topics.waiting import Waiting, explain_absence, explain_silence
from slim_split_ros.wire import ReceivedReport

_REMEDY = (
    'start the offboard node, in this namespace and ROS_DOMAIN_ID, or one whose parameter robots '
    'has this namespace')
_MOST_LISTED = 3


@dataclass(frozen=True, slots=True)
class Topics:
    """Hold what the node listens to and publishes while it is active."""

    images: Subscription
    features: Publisher
    reports: Subscription
    waiting: Waiting


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold the node's state at one moment; `topics` is None unless it is active."""

    state: str
    topics: Topics | None
    settings: OnboardSettings
    counters: Counters
    answers: AnswerCounts
    sentences: Mapping[str, str]
    last: LastFrame
    estimate: LinkEstimate


class OnboardWatch:
    """Follow what is sent and reported, and judge it; `sent` may be called from any thread."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._deliveries = Deliveries()
        self._trend = Trend()
        self._server_time = ServerTime()
        self._answered = 0
        self._answering: int | None = None
        self.sent = self._deliveries.sent

    def reported(self, report: ReceivedReport, now_s: float) -> None:
        """Note a report on this node's own frames."""
        self._deliveries.reported(
            [arrival.sequence for arrival in report.arrivals], report.receiver_id, now_s)
        self._server_time.reported(report.arrivals, now_s)

    def judge(self, reading: Reading, now_s: float) -> list[Finding]:
        """Return what is to be said now."""
        counts = Counter(reading.counters.dropped) + Counter({
            'frames_in': reading.counters.frames_in, 'frames_sent': reading.counters.frames_sent,
            'frames_answered': reading.answers.answered, 'answers_late': reading.answers.late,
            'answers_refused': reading.answers.refused,
            'reports_refused': reading.answers.reports_refused})
        recent = self._trend.change(counts, now_s)
        topics, node = reading.topics, self._node
        silence_s = self._deliveries.silence_s(now_s)
        return judge_onboard(OnboardFacts(
            state=reading.state,
            image_topic=topics.images.topic_name if topics else '',
            has_images=reading.counters.frames_in > 0,
            image_silence=topics.waiting.silence if topics else '',
            server_absence=_server_absence(node, topics, silence_s),
            other_server=self._other_server(now_s, topics),
            other_sender=self._other_sender(topics),
            recent=recent, span_s=self._trend.span_s, sentences=reading.sentences,
            report_silence_s=silence_s,
            report_obstacle=explain_silence(node, topics.reports, {})
            if topics and silence_s > parts.SILENT_S else '',
            loss=self._deliveries.loss(now_s), server_ms=self._server_time.ms(now_s),
            server_has_answered=self._server_has_answered(reading.answers.answered, now_s),
            answer_ms=reading.answers.answer_ms, deadline_ms=reading.settings.deadline_ms,
            pinned_width=reading.settings.width, alone=reading.settings.alone,
            reason=reading.last.reason, values=self._values(reading, now_s)))

    def _server_has_answered(self, answered: int, now_s: float) -> bool:
        """Say whether the server that reports has answered, rather than one before it."""
        servers = self._deliveries.receivers(now_s)
        # An answer does not name its server: where two report it may be either's.
        if answered > self._answered and len(servers) == 1:
            self._answering = servers[0]
        self._answered = answered
        return self._answering is not None and set(servers) <= {self._answering}

    def _other_server(self, now_s: float, topics: Topics | None) -> str:
        servers = self._deliveries.receivers(now_s)
        if topics is None or len(servers) < 2:
            return ''
        named = ', '.join(f'{server:016x}' for server in servers[:_MOST_LISTED])
        return f'{len(servers)} servers report on the frames of this node ({named}): end all ' \
               f'but one, or give them other namespaces (`ros2 topic info -v ' \
               f'{topics.reports.topic_name}` names them)'

    def _other_sender(self, topics: Topics | None) -> str:
        topic = topics.features.topic_name if topics else ''
        count = self._node.count_publishers(topic) if topics else 0
        return '' if count < 2 else (
            f'{count} nodes publish {topic}: end all but one, or give them other namespaces '
            f'(`ros2 topic info -v {topic}` names them)')

    def _values(self, reading: Reading, now_s: float) -> dict[str, dict[str, object]]:
        counters, answers, last = reading.counters, reading.answers, reading.last
        settings, estimate = reading.settings, reading.estimate
        return {
            parts.CAMERA: {'frames_in': counters.frames_in, **counters.dropped},
            parts.ENCODER: {
                'frames_sent': counters.frames_sent, 'width': last.width, 'rate': last.rate,
                'coder': last.coder, 'alone': last.alone, 'encode_ms': last.encode_ms,
                'payload_bytes': last.payload_bytes, 'target_fps': settings.target_fps},
            parts.LINK: {
                'reason': last.reason, 'rate_kbps': counters.rate_kbps,
                'max_bitrate_kbps': settings.max_bitrate_kbps or 'none',
                'capacity_kbps': _known(estimate.capacity_kbps),
                'backlog_ms': _known(estimate.backlog_ms),
                'loss': _known(self._deliveries.loss(now_s)),
                'reports_refused': answers.reports_refused},
            parts.SERVER: {'server_ms': self._server_time.ms(now_s)},
            parts.DETECTIONS: {
                'frames_answered': answers.answered, 'answers_late': answers.late,
                'answers_refused': answers.refused, 'answer_ms': answers.answer_ms,
                'deadline_ms': settings.deadline_ms}}


def _server_absence(node: Node, topics: Topics | None, silence_s: float) -> str:
    if topics is None:
        return ''
    reports = topics.reports.topic_name
    absence = explain_absence(node, topics.features, _REMEDY)
    # Whoever records or measures the frames listens to them too, and is no server.
    if not absence and silence_s > parts.SILENT_S and not node.count_publishers(reports):
        absence = f'no server reports on {reports}: {_REMEDY}'
    return absence


def _known(value: float | None) -> object:
    return 'unknown' if value is None else value

"""What is right and wrong with the robot's side: its facts of the last seconds, judged."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
import math

from slim_split_ros.ros.health.findings import (
    WINDOW_S,
    Finding,
    Level,
    most_frequent,
    rests,
    worst,
)

CAMERA, ENCODER, LINK, SERVER, DETECTIONS = 'camera', 'encoder', 'link', 'server', 'detections'
ACTIVE = 'active'
# Words of images that came and cannot be used.
_UNUSABLE = ('encoding', 'image', 'header', 'encoder', 'failure')
# Of images that the processor had no time for.
_TOO_SLOW = ('encoder_busy', 'compute')
# Above these shares somebody should look.
_SLOW_SHARE, _LOSS_SHARE, _MOST_SHARE = 0.2, 0.1, 0.5
# Of the deadline, for the server alone.
_SERVER_SHARE = 0.5
# Reports come ten times a second.
SILENT_S = 3.0
_LEAST_SPAN_S = 1.0
# No warning: a server may be meant to have none, and only the server knows whether one fails.
_UNANSWERED = 'frames arrive, no answers come: the server has no detector, or says in its own ' \
              'diagnostics why it fails'


@dataclass(frozen=True, slots=True)
class OnboardFacts:
    """
    Hold what is known of the last seconds; a sentence is empty where there is nothing to say.

    `recent` counts frames by `frames_in`, `frames_sent`, `frames_answered`, `answers_late`,
    `answers_refused`, `reports_refused` and by reasons of drops, within `span_s`; `sentences` has
    what was said last of each reason. `server_ms` is NaN if no frame was served, `pinned_width` 0
    if the policy chooses.
    """

    state: str
    image_topic: str
    has_images: bool
    image_silence: str
    server_absence: str
    other_server: str
    other_sender: str
    recent: Counter[str]
    span_s: float
    sentences: Mapping[str, str]
    report_silence_s: float
    report_obstacle: str
    loss: float | None
    server_ms: float
    server_has_answered: bool
    answer_ms: float
    deadline_ms: float
    pinned_width: float
    alone: bool
    reason: str
    values: Mapping[str, Mapping[str, object]]


def judge_onboard(facts: OnboardFacts) -> list[Finding]:
    """Return what is to be said of each part."""
    if facts.state != ACTIVE:
        return [rests(part, facts.state)
                for part in (CAMERA, ENCODER, LINK, SERVER, DETECTIONS)]
    return [_judge_camera(facts), _judge_encoder(facts), _judge_link(facts),
            _judge_server(facts), _judge_detections(facts)]


def _judge_camera(facts: OnboardFacts) -> Finding:
    recent = facts.recent
    sentence = most_frequent(_UNUSABLE, recent, facts.sentences, 'images')
    waiting = '' if facts.has_images else f'waiting for the first image on {facts.image_topic}'
    return worst(CAMERA, [
        (Level.ERROR, facts.image_silence),
        (Level.WARN if recent['frames_sent'] else Level.ERROR, sentence),
        (Level.WARN if recent['frames_in'] else Level.ERROR,
         facts.sentences.get('message_lost', '') if recent['message_lost'] else ''),
        (Level.WARN, facts.sentences.get('late', '') if recent['late'] else ''),
        (Level.STALE, waiting),
    ], f'{_rate(facts, "frames_in")} images/s on {facts.image_topic}', _values(facts, CAMERA))


def _judge_encoder(facts: OnboardFacts) -> Finding:
    recent = facts.recent
    wanted = recent['frames_in'] - recent['target_fps'] - recent['no_subscriber']
    missed = sum(recent[word] for word in _TOO_SLOW)
    slow = f'{missed} of {wanted} images found the encoder busy: lower target_fps or ' \
           'max_width, or raise threads' if missed > _SLOW_SHARE * max(1, wanted) else ''
    return worst(ENCODER, [
        (Level.WARN, slow),
        (Level.STALE, _idle(facts)),
    ], f'{_rate(facts, "frames_sent")} frames/s', _values(facts, ENCODER))


def _judge_link(facts: OnboardFacts) -> Finding:
    gone = ''
    if facts.report_silence_s > SILENT_S and not facts.server_absence:
        detail = f' ({facts.report_obstacle})' if facts.report_obstacle else ''
        gone = f'nothing came back for {facts.report_silence_s:.0f} s: the link is down, or the ' \
               f'server hangs or refuses these frames{detail}: look at the radio, then at the ' \
               "server's diagnostics"
    lossy = ''
    if facts.loss is not None and facts.loss > _LOSS_SHARE and not facts.server_absence:
        lossy = f'{facts.loss:.0%} of the frames were not reported: lost on the way, so move ' \
                "nearer to the access point, or refused, which the server's diagnostics say"
        if not facts.alone:
            lossy += '; with alone set to true no frame needs another'
    return worst(LINK, [
        (Level.ERROR, gone),
        (Level.WARN, f'{facts.recent["reports_refused"]} link reports were refused: '
         + facts.sentences.get('report', '') if facts.recent['reports_refused'] else ''),
        (Level.WARN, facts.other_sender),
        (Level.WARN, lossy),
        (Level.STALE, facts.server_absence and 'no server listens to the frames'),
        (Level.STALE, _idle(facts)),
    ], f'{facts.reason} decides the width', _values(facts, LINK))


def _judge_server(facts: OnboardFacts) -> Finding:
    remedy = 'lower target_fps of the robots, raise deadline_ms, or take a smaller detector ' \
             'or, for one of the model itself (an ONNX file stays on the processor), a GPU'
    skipped, slow = facts.recent['server'], ''
    known = not math.isnan(facts.server_ms)
    if facts.server_ms > _SERVER_SHARE * facts.deadline_ms:
        slow = f'the server takes {facts.server_ms:.0f} ms of a deadline of ' \
               f'{facts.deadline_ms:.0f}: {remedy}'
    elif skipped:
        pace = f' at {facts.server_ms:.0f} ms a frame' if known else ''
        slow = f'{skipped} of {facts.recent["frames_in"]} images were left out, because the ' \
               f'server is behind{pace}: {remedy}'
    return worst(SERVER, [
        (Level.ERROR, facts.server_absence),
        (Level.WARN, facts.other_server),
        (Level.WARN, slow),
        (Level.STALE, _idle(facts)),
        (Level.STALE, '' if known else 'no report of a served frame lately'),
    ], f'{facts.server_ms:.0f} ms a frame', _values(facts, SERVER))


def _judge_detections(facts: OnboardFacts) -> Finding:
    recent = facts.recent
    answered, late = recent['frames_answered'], recent['answers_late']
    refused = recent['answers_refused']
    is_unanswered = _frames_arrive(facts) and not answered and not refused
    return worst(DETECTIONS, [
        (Level.WARN, 'frames arrive, but the server that answered before does not any more: '
         'look at its diagnostics' if is_unanswered and facts.server_has_answered else ''),
        (Level.WARN, f'{refused} answers were refused: '
         + facts.sentences.get('answer', '') if refused else ''),
        (Level.WARN, f'{late} of {answered} detections came after deadline_ms: '
         + _remedy_of_late(facts) if late > _MOST_SHARE * answered else ''),
        (Level.STALE, '' if answered or is_unanswered else 'no detections came back lately'),
    ], _UNANSWERED if is_unanswered else
        f'{_rate(facts, "frames_answered")} a second, {facts.answer_ms:.0f} ms after the image',
        _values(facts, DETECTIONS))


def _frames_arrive(facts: OnboardFacts) -> bool:
    return facts.recent['frames_sent'] > 0 and facts.report_silence_s <= SILENT_S and \
        facts.loss is not None and facts.loss < _MOST_SHARE


def _remedy_of_late(facts: OnboardFacts) -> str:
    if facts.server_ms > facts.deadline_ms:
        return f'the server alone takes {facts.server_ms:.0f} ms, which no width shortens: ' \
               'raise deadline_ms, or take a faster server or detector'
    if facts.pinned_width:
        return f'raise it, or lower width, which is pinned to {facts.pinned_width:g} (0.0 lets ' \
               'the policy choose)'
    return 'raise it, or lower max_width'


def _idle(facts: OnboardFacts) -> str:
    return '' if facts.recent['frames_sent'] else f'nothing was sent for {WINDOW_S:.0f} s'


def _rate(facts: OnboardFacts, count: str) -> str:
    return f'{facts.recent[count] / max(facts.span_s, _LEAST_SPAN_S):.1f}'


def _values(facts: OnboardFacts, part: str) -> Mapping[str, object]:
    return facts.values.get(part, {})

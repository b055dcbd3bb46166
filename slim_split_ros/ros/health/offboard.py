"""What is right and wrong with the server's side: its facts of the last seconds, judged."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from slim_split_ros.ros.health.findings import Finding, Level, most_frequent, rests, worst

MODEL, ROBOTS, LOAD = 'model', 'robots', 'load'
ACTIVE = 'active'
# Words of frames that this server cannot use.
UNUSABLE = ('model', 'mismatch', 'coder', 'checksum', 'payload', 'header', 'failure',
            'unauthenticated', 'replayed')
# With a key the first frames of each robot, after its start or the server's, are of this kind.
UNPROVEN = 'unproven'
FEW_UNPROVEN = 3
# Of frames that it, or its cluster, had no time for.
TOO_SLOW = ('server_busy', 'deadline', 'senders', 'cluster')
SLOW_SHARE = 0.2
_LEAST_SPAN_S = 1.0


@dataclass(frozen=True, slots=True)
class OffboardFacts:
    """
    Hold what is known of the last seconds; a sentence is empty where there is nothing to say.

    `recent` counts frames by `frames_in`, `frames_sent` (served) and by reasons of drops, within
    `span_s`; `sentences` has what was said last of each reason.
    """

    state: str
    model: str
    detector_problem: str
    feature_silence: str
    has_frames: bool
    topics: int
    senders: int
    recent: Counter[str]
    span_s: float
    sentences: Mapping[str, str]
    server_ms: float
    values: Mapping[str, Mapping[str, object]]


def judge_offboard(facts: OffboardFacts) -> list[Finding]:
    """Return what is to be said of each part."""
    if facts.state != ACTIVE:
        return [rests(part, facts.state) for part in (MODEL, ROBOTS, LOAD)]
    return [_judge_model(facts), _judge_robots(facts), _judge_load(facts)]


def _judge_model(facts: OffboardFacts) -> Finding:
    failed = facts.recent['detector']
    return worst(MODEL, [
        (Level.ERROR, facts.detector_problem),
        (Level.WARN if facts.recent['frames_sent'] else Level.ERROR,
         facts.sentences.get('detector', '') if failed else ''),
    ], facts.model, facts.values[MODEL])


def _judge_robots(facts: OffboardFacts) -> Finding:
    recent = facts.recent
    sentence = most_frequent(UNUSABLE, recent, facts.sentences, 'frames')
    few_unproven = FEW_UNPROVEN * facts.topics
    rate = recent['frames_in'] / max(facts.span_s, _LEAST_SPAN_S)
    return worst(ROBOTS, [
        (Level.WARN if recent['frames_sent'] else Level.ERROR, sentence),
        (Level.WARN, most_frequent((UNPROVEN,), recent, facts.sentences, 'frames',
                                   max(few_unproven, recent['frames_sent']))),
        (Level.WARN, facts.feature_silence),
        (Level.STALE, '' if facts.has_frames else 'waiting for the first frame'),
        (Level.STALE, '' if recent['frames_in'] else 'no frame came lately'),
    ], f'{rate:.1f} frames/s of {facts.senders} robots', facts.values[ROBOTS])


def _judge_load(facts: OffboardFacts) -> Finding:
    recent = facts.recent
    sentence = most_frequent(TOO_SLOW, recent, facts.sentences, 'frames',
                             SLOW_SHARE * max(1, recent['frames_in']))
    return worst(LOAD, [
        (Level.WARN, sentence),
        (Level.STALE, '' if recent['frames_sent'] else 'no frame was served lately'),
    ], f'{facts.server_ms:.0f} ms a frame', facts.values[LOAD])

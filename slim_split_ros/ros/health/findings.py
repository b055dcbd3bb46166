"""One judged fact, its level, and the message that carries it."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from std_msgs.msg import Header

# What happened within this time decides.
WINDOW_S = 5.0
# From a state of the lifecycle to active.
_WAY_OUT = {
    'unconfigured': 'configure and activate the node, or call its service enable',
    'inactive': 'activate the node, or call its service enable',
    'finalized': 'start the node again, nothing else makes it active'}


class Level(Enum):
    """
    Say how bad it is: WARN and ERROR only where somebody can do something about it.

    STALE: nothing is known, because nothing happened lately.
    """

    OK = DiagnosticStatus.OK
    WARN = DiagnosticStatus.WARN
    ERROR = DiagnosticStatus.ERROR
    STALE = DiagnosticStatus.STALE


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold one judged part of a node; the message of a WARN or ERROR says what to do."""

    part: str
    level: Level
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


def worst(part: str, candidates: Sequence[tuple[Level, str]], fine: str,
          values: Mapping[str, object]) -> Finding:
    """Return the first candidate of the worst level that has a message, or OK with `fine`."""
    order = [Level.ERROR, Level.WARN, Level.STALE]
    said = [candidate for candidate in candidates if candidate[1]]
    level, message = min(
        said, key=lambda candidate: order.index(candidate[0]), default=(Level.OK, fine))
    return Finding(part, level, message, values)


def rests(part: str, state: str) -> Finding:
    """Return what is to be said of a part of a node that is not active."""
    return Finding(part, Level.STALE, f'{state}: {_WAY_OUT.get(state, "wait for it")}')


def most_frequent(words: Iterable[str], recent: Mapping[str, int], sentences: Mapping[str, str],
                  kind: str, least: float = 0.0) -> str:
    """Say how many of the recent `kind` fell to these words and why most did, if over `least`."""
    counts = {word: recent[word] for word in words if recent[word]}
    if sum(counts.values()) <= least:
        return ''
    word = max(counts, key=counts.__getitem__)
    return (f'{sum(counts.values())} of {recent["frames_in"]} {kind}: '
            f'{sentences.get(word, word)}')


def diagnostic_array(node: str, findings: Iterable[Finding], stamp: Time) -> DiagnosticArray:
    """Make the message of what was found of a node, which is named with its namespace."""
    return DiagnosticArray(header=Header(stamp=stamp), status=[
        DiagnosticStatus(
            level=finding.level.value, name=f'{node}: {finding.part}', message=finding.message,
            hardware_id=node, values=[
                KeyValue(key=key, value=_text(value)) for key, value in finding.values.items()])
        for finding in findings])


class Trend:
    """
    Tell how counts changed within the last 5 seconds.

    >>> trend = Trend()
    >>> [trend.change(Counter(dropped=n), now_s) for n, now_s in ((3, 0.0), (4, 4.0), (9, 8.0))]
    [Counter(), Counter({'dropped': 1}), Counter({'dropped': 5})]
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, Counter[str]]] = deque()

    @property
    def span_s(self) -> float:
        """How long it took for the change that was returned last."""
        return self._seen[-1][0] - self._seen[0][0]

    def change(self, counts: Counter[str], now_s: float) -> Counter[str]:
        """Take the counts as they are now, and return what came within the window."""
        self._seen.append((now_s, counts.copy()))
        while now_s - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()
        return counts - self._seen[0][1]


def _text(value: object) -> str:
    return f'{value:.4g}' if isinstance(value, float) else str(value)

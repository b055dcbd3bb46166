"""
How the link behaves over time: a trace's rows, checked, and its cumulative capacity.

Answers what the link has carried by a time and when it will have carried so much; it holds
no queue (`link.py`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path

from slim_split_ros.linklab.errors import TraceError

HEADER = 't_s,rate_kbps,delay_ms,loss'
BITS_PER_KBIT = 1000.0


@dataclass(frozen=True, slots=True)
class TraceRow:
    """Hold the link's state from `t_s` to the next row's time."""

    t_s: float
    rate_kbps: float
    delay_ms: float
    loss: float


class Trace:
    r"""
    Repeat a list of rows without end and integrate their rate.

    >>> trace = parse_trace('t_s,rate_kbps,delay_ms,loss\n0,8,20,0\n1,0,20,0\n', 'example')
    >>> trace.duration_s, trace.bits_until(2.5), trace.time_of_bits(12000)
    (2.0, 12000.0, 2.5)
    """

    def __init__(self, name: str, rows: Sequence[TraceRow]) -> None:
        """Integrate checked rows; the last holds as long as the one before it."""
        self.name = name
        self.rows = tuple(rows)
        last_step_s = rows[-1].t_s - rows[-2].t_s if len(rows) > 1 else 1.0
        self._start_s = rows[0].t_s
        self._t_s = [row.t_s - self._start_s for row in rows]
        self.duration_s = self._t_s[-1] + last_step_s
        self._bits_per_s = [row.rate_kbps * BITS_PER_KBIT for row in rows]
        self._delay_s = [row.delay_ms / 1000.0 for row in rows]
        self._loss = [row.loss for row in rows]
        ends_s = [*self._t_s[1:], self.duration_s]
        self._bits = [0.0]
        for begin_s, end_s, rate in zip(self._t_s, ends_s, self._bits_per_s, strict=True):
            self._bits.append(self._bits[-1] + (end_s - begin_s) * rate)
        self._period_bits = self._bits[-1]

    def bits_until(self, t_s: float) -> float:
        """Give the bits that a busy link carries from 0 to `t_s`."""
        turns, inside_s = divmod(t_s, self.duration_s)
        step = bisect_right(self._t_s, inside_s) - 1
        inside = self._bits[step] + (inside_s - self._t_s[step]) * self._bits_per_s[step]
        return turns * self._period_bits + inside

    def time_of_bits(self, bits: float) -> float:
        """Give the first time by which a busy link has carried that much; inf if never."""
        if bits <= 0.0:
            return 0.0
        if self._period_bits <= 0.0:
            return inf
        turns, inside = divmod(bits, self._period_bits)
        if inside <= 0.0:
            turns, inside = turns - 1, self._period_bits
        step = bisect_left(self._bits, inside) - 1
        inside_s = self._t_s[step] + (inside - self._bits[step]) / self._bits_per_s[step]
        return turns * self.duration_s + inside_s

    def delay_s(self, t_s: float) -> float:
        """Give the propagation delay, one way, of what leaves the queue at `t_s`."""
        return self._delay_s[self._step(t_s)]

    def loss(self, t_s: float) -> float:
        """Give the chance that a datagram leaving the queue at `t_s` is lost."""
        return self._loss[self._step(t_s)]

    def rate_kbps(self, t_s: float) -> float:
        """Give the capacity at `t_s`."""
        return self._bits_per_s[self._step(t_s)] / BITS_PER_KBIT

    def _step(self, t_s: float) -> int:
        return bisect_right(self._t_s, t_s % self.duration_s) - 1


def parse_trace(text: str, name: str) -> Trace:
    """
    Read a trace's CSV; `name` stands in the messages.

    Raises TraceError with the line, the value and what it has to be.
    """
    lines = text.splitlines()
    if not lines or lines[0].strip().replace(' ', '') != HEADER:
        found = lines[0][:60] if lines else 'nothing'
        raise TraceError(f'{name}: the first line has to be "{HEADER}", found "{found}"')
    rows: list[TraceRow] = []
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            rows.append(_parse_row(line, f'{name}, line {number}'))
            if len(rows) > 1 and rows[-1].t_s <= rows[-2].t_s:
                raise TraceError(f'{name}, line {number}: t_s {rows[-1].t_s} does not come '
                                 f'after {rows[-2].t_s}; sort the rows by time')
    if not rows:
        raise TraceError(f'{name}: holds no rows after its header')
    return Trace(name, rows)


def read_trace(path: str | Path) -> Trace:
    """Read a trace's file; raise TraceError for what is none, OSError for what is not there."""
    path = Path(path).expanduser()
    try:
        return parse_trace(path.read_text(encoding='utf-8'), path.stem)
    except UnicodeDecodeError as error:
        raise TraceError(f'{path}: is no text in UTF-8 ({error.reason})') from error


def _parse_row(line: str, place: str) -> TraceRow:
    """Read one row; `place` names it in the messages."""
    fields = line.split(',')
    if len(fields) != 4:
        raise TraceError(f'{place}: has {len(fields)} fields, needs 4 ({HEADER})')
    try:
        values = [float(field) for field in fields]
    except ValueError:
        raise TraceError(f'{place}: "{line.strip()[:60]}" holds something that is no '
                         f'number') from None
    row = TraceRow(*values)
    limits = (('t_s', row.t_s, inf), ('rate_kbps', row.rate_kbps, inf),
              ('delay_ms', row.delay_ms, inf), ('loss', row.loss, 1.0))
    for field, value, most in limits:
        if not isfinite(value) or not 0.0 <= value <= most:
            raise TraceError(f'{place}: {field} is {value}, it has to be between 0 and {most}')
    return row

"""
How the link behaves over time: a trace's rows, checked, and its cumulative capacity.

It holds no queue (`link.py`).
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
import os
from pathlib import Path

from slim_split_ros.linklab.csv_table import parse_rows, read_text
from slim_split_ros.linklab.errors import TableError

COLUMNS = ('t_s', 'rate_kbps', 'delay_ms', 'loss')
BITS_PER_KBIT = 1000.0
# 100 Gbit/s for a day are counted to the bit in a float.
MOST_RATE_KBPS = 1e8
LEAST_S, MOST_S = 0.1, 86_400.0
MOST_DELAY_MS = 60_000.0


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
        start_s = rows[0].t_s
        self._t_s = array('d', (row.t_s - start_s for row in rows))
        self.duration_s = self._t_s[-1] + last_step_s
        self._bits_per_s = array('d', (row.rate_kbps * BITS_PER_KBIT for row in rows))
        self._delay_s = array('d', (row.delay_ms / 1000.0 for row in rows))
        self._loss = array('d', (row.loss for row in rows))
        ends_s = [*self._t_s[1:], self.duration_s]
        self._bits = array('d', [0.0])
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


def with_loss(trace: Trace, loss: float) -> Trace:
    """Give the same link with that loss throughout; raise TableError for what is no chance."""
    if not 0.0 <= loss <= 1.0:
        raise TableError(f'loss is {loss}, it has to be a chance from 0 to 1')
    return Trace(trace.name, [replace(row, loss=loss) for row in trace.rows])


def parse_trace(text: str, name: str) -> Trace:
    """
    Read a trace's CSV; `name` stands in the messages.

    Raises TableError with the line, the value and what it has to be.
    """
    return Trace(name, _parse_trace_rows(text, name))


def read_trace(path: str | Path) -> Trace:
    """Read a trace's file; raise TableError for what is none or is not there."""
    path = Path(os.path.expanduser(path))
    return Trace(path.stem, _parse_trace_rows(read_text(path), str(path)))


def read_traces(paths: Sequence[Path]) -> list[Trace]:
    """Read each file, and each CSV of a folder in the order of names but hidden ones."""
    traces = []
    for path in paths:
        path = Path(os.path.expanduser(path))
        files = sorted(file for file in path.iterdir()
                       if file.suffix.lower() == '.csv' and not file.name.startswith('.')
                       ) if path.is_dir() else [path]
        if not files:
            raise TableError(f'{path}: the folder holds no .csv; give a trace or their folder')
        traces += [read_trace(file) for file in files]
    return traces


def _parse_trace_rows(text: str, name: str) -> list[TraceRow]:
    rows: list[TraceRow] = []
    for line in parse_rows(text, name, COLUMNS):
        row = TraceRow(line.number('t_s', 0.0, inf),
                       line.number('rate_kbps', 0.0, MOST_RATE_KBPS),
                       line.number('delay_ms', 0.0, MOST_DELAY_MS),
                       line.number('loss', 0.0, 1.0))
        if rows and row.t_s <= rows[-1].t_s:
            raise TableError(f'{line.place}: t_s {row.t_s} does not come after '
                             f'{rows[-1].t_s}; sort the rows by time')
        if rows and row.t_s - rows[0].t_s > MOST_S:
            raise TableError(f'{line.place}: t_s {row.t_s} is more than a day ({MOST_S:.0f} s) '
                             f'after the first row; give seconds, and cut the trace')
        rows.append(row)
    if not rows:
        raise TableError(f'{name}: holds no rows after its header; give at least one')
    covered_s = 2.0 * rows[-1].t_s - rows[-2].t_s - rows[0].t_s if len(rows) > 1 else 1.0
    if covered_s < LEAST_S:
        raise TableError(f'{name}: its rows cover {covered_s:g} s, at least {LEAST_S} s are '
                         f'needed; is t_s in seconds?')
    return rows

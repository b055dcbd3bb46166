"""How the page of a replay looks: one run, or two beside one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from slim_split_ros.reports.figures import COLOURS, figure_to_svg, make_axes
from slim_split_ros.reports.page import (
    Drawing,
    Picture,
    Section,
    Table,
    picture_to_data_uri,
    render_page,
)
from slim_split_ros.reports.replay_runs import FrameOfRun, ReplayRun

_TIMES = (
    ('encode_ms', 'encoding, ms',
     'From the image in memory to the payload in memory, measured.'),
    ('server_ms', 'server, ms', 'Decoding, rebuilding and detecting, measured.'),
    ('end_to_end_ms', 'end to end, ms',
     'From the image to its detections back at the robot, over the emulated link.'))


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """Hold a JPEG file and what it shows."""

    jpeg: bytes
    caption: str


def render_replay(
    runs: Sequence[ReplayRun], pictures: Sequence[ShownPicture], notes: Sequence[str]
) -> str:
    """Return the HTML document of one run or more; the pictures are in the order given."""
    lead = '; '.join(
        f'{run.name}: {run.bag} through model {run.model}'
        + (f' over {run.link}' if run.link else '') for run in runs)
    sections = [_figures(runs, notes), _plots(runs)]
    if pictures:
        sections.append(Section('Frames', (
            'What was found, drawn on what the camera saw, and beside it what the server '
            'rebuilt.',), pictures=tuple(
                Picture(picture_to_data_uri(shown.jpeg), shown.caption) for shown in pictures)))
    return render_page('A recording replayed', sections, lead)


def run_table(runs: Sequence[ReplayRun]) -> Table:
    """Return the figures of the runs, a column each."""
    rows = [(name, *(figure(run) for run in runs)) for name, figure in _FIGURES]
    return Table(('figure', *(run.name for run in runs)),
                 tuple(row for row in rows if any(row[1:])))


def _figures(runs: Sequence[ReplayRun], notes: Sequence[str]) -> Section:
    sentences = ['Bytes are the serialized message of a frame, all of it.']
    measured = [word for word, name in (('encoding', 'encode_ms'), ('serving', 'server_ms'))
                if _is_known(runs, name)]
    if measured:
        verb = 'were' if len(measured) > 1 else 'was'
        sentences.append(
            f'{" and ".join(measured).capitalize()} {verb} measured while the replay ran.')
    if any(run.link for run in runs):
        sentences.append('Times over a link are those of its emulation, where encoding takes '
                         "what the model's table says.")
    return Section('Figures', (' '.join(sentences), *notes), tables=(run_table(runs),))


def _plots(runs: Sequence[ReplayRun]) -> Section:
    drawings = [
        Drawing(_draw(runs, 'bytes of a frame', lambda frame: frame.message_bytes),
                'Each frame that was sent.'),
        Drawing(_draw(runs, 'width', lambda frame: frame.width), 'The width of each frame.'),
        *(Drawing(_draw(runs, label, attrgetter(name)), caption)
          for name, label, caption in _TIMES if _is_known(runs, name)),
        Drawing(_draw(runs, 'detections', lambda frame: len(frame.found)),
                'Detections in each frame.')]
    return Section('Over time', drawings=tuple(drawings))


def _is_known(runs: Sequence[ReplayRun], name: str) -> bool:
    """Say whether a run has a time: recorded features are not encoded, and cross no link."""
    return any(getattr(frame, name) is not None for run in runs for frame in run.frames)


def _draw(
    runs: Sequence[ReplayRun], label: str, value: Callable[[FrameOfRun], float | None]
) -> str:
    figure, axes = make_axes('time in the recording, s', label)
    for number, run in enumerate(runs):
        known = [(frame.captured_s, value(frame)) for frame in run.sent
                 if value(frame) is not None]
        if known:
            axes.plot([time_s for time_s, _ in known], [y for _, y in known], '.', markersize=4,
                      color=COLOURS[(1 + 2 * number) % len(COLOURS)], label=run.name)
    axes.set_ylim(bottom=0)
    if len(runs) > 1:
        # Above the axes, where it covers nothing.
        axes.figure.legend(loc='outside upper left', ncols=2, frameon=False, fontsize=9)
    return figure_to_svg(figure)


def _percentile(run: ReplayRun, name: str, percent: float) -> str:
    known = [value for frame in run.frames if (value := getattr(frame, name)) is not None]
    return f'{np.percentile(known, percent):.1f} ms' if known else ''


_FIGURES: tuple[tuple[str, Callable[[ReplayRun], str]], ...] = (
    ('frames', lambda run: str(len(run.frames))),
    ('sent', lambda run: str(len(run.sent))),
    ('answered', lambda run: str(sum(frame.fate == 'answered' for frame in run.frames))),
    ('not sent, lost or refused', lambda run: ', '.join(
        f'{count} {word}' for word, count in sorted(run.dropped.items())) or 'none'),
    ('bytes of a frame', lambda run: (
        f'{np.mean([frame.message_bytes for frame in run.sent]):,.0f}' if run.sent else '')),
    ('bytes of all', lambda run: f'{sum(frame.message_bytes for frame in run.sent):,}'),
    ('encoding, median', lambda run: _percentile(run, 'encode_ms', 50)),
    ('encoding, 95 %', lambda run: _percentile(run, 'encode_ms', 95)),
    ('server, median', lambda run: _percentile(run, 'server_ms', 50)),
    ('server, 95 %', lambda run: _percentile(run, 'server_ms', 95)),
    ('end to end, median', lambda run: _percentile(run, 'end_to_end_ms', 50)),
    ('end to end, 95 %', lambda run: _percentile(run, 'end_to_end_ms', 95)),
    ('detections', lambda run: str(sum(len(frame.found) for frame in run.frames))),
    ('replayed in', lambda run: f'{run.seconds:.1f} s'),
    ('SHA-256 of all payloads', lambda run: f'{run.payload_sha256[:16]}…'))

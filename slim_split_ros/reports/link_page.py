"""How the page of a link run looks: what the link gave and what the policy made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slim_split_ros.reports.figures import COLOURS, figure_to_svg, make_axes
from slim_split_ros.reports.page import Drawing, Section, Table, render_page

# Two beside one another on a wide screen.
_INCHES = (5.6, 2.4)


@dataclass(frozen=True, slots=True)
class LinkRun:
    """Hold one run as plain data; series of one prefix have one length."""

    trace: str
    policy: str
    deadline_ms: float
    fps: float
    figures: tuple[tuple[str, str], ...]    # name and value, as the table shows them
    bin_s: Sequence[float]
    capacity_kbps: Sequence[float]
    sent_kbps: Sequence[float]
    on_time_share: Sequence[float]
    frame_s: Sequence[float]
    width: Sequence[float]
    queue_frame_s: Sequence[float]
    queue_ms: Sequence[float]


def render_link_page(run: LinkRun) -> str:
    """Return the HTML document."""
    lead = (f'Policy {run.policy} on {run.trace}: {run.fps:g} frames offered a second, '
            f'deadline {run.deadline_ms:g} ms from capture to detections back.')
    table = Table(('figure', 'value'), run.figures)
    drawings = (
        Drawing(_draw_rates(run), 'What the link could carry and what was sent, half a second '
                'at a time.'),
        Drawing(_draw_widths(run), 'Width of each frame that was sent.'),
        Drawing(_draw_queue(run), 'From the sender to the last bit out of the queue of the link, '
                'frame by frame; the line is the deadline.'),
        Drawing(_draw_on_time(run), 'Share of the offered frames whose detections were back in '
                'time.'))
    return render_page('A link and what went over it', [
        Section('Figures', tables=(table,)), Section('Over time', drawings=drawings)], lead)


def _draw_rates(run: LinkRun) -> str:
    figure, axes = make_axes('time, s', 'kbit/s', _INCHES)
    axes.fill_between(run.bin_s, run.capacity_kbps, step='post', alpha=0.25, color=COLOURS[1],
                      label='capacity')
    axes.step(run.bin_s, run.sent_kbps, where='post', color=COLOURS[3], linewidth=1.0,
              label='sent')
    axes.set_ylim(bottom=0)
    # Above the axes, where it covers nothing.
    figure.legend(loc='outside upper left', ncols=2, frameon=False, fontsize=9)
    return figure_to_svg(figure)


def _draw_widths(run: LinkRun) -> str:
    figure, axes = make_axes('time, s', 'width', _INCHES)
    axes.plot(run.frame_s, run.width, '.', markersize=3, color=COLOURS[0])
    axes.set_ylim(0.0, 1.05)
    return figure_to_svg(figure)


def _draw_queue(run: LinkRun) -> str:
    figure, axes = make_axes('time, s', 'queueing, ms', _INCHES)
    axes.plot(run.queue_frame_s, run.queue_ms, '.', markersize=3, color=COLOURS[2])
    axes.axhline(run.deadline_ms, color=COLOURS[3], linewidth=1.0)
    axes.set_ylim(0.0, 3.0 * run.deadline_ms)
    return figure_to_svg(figure)


def _draw_on_time(run: LinkRun) -> str:
    figure, axes = make_axes('time, s', 'on time', _INCHES)
    axes.step(run.bin_s, run.on_time_share, where='post', color=COLOURS[2], linewidth=1.0)
    axes.set_ylim(0.0, 1.05)
    return figure_to_svg(figure)

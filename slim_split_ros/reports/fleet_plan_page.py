"""How the page of a fleet's plan looks: what it takes, and what so many robots get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slim_split_ros.reports.figures import COLOURS, figure_to_svg, make_axes
from slim_split_ros.reports.page import Drawing, Section, Table, render_page

_INCHES = (5.6, 2.6)
NOT_MEASURED = 'not measured'


@dataclass(frozen=True, slots=True)
class CostRow:
    """
    Hold what frames of a coder and width cost, at their most accurate point.

    Robots a server and a cell are those that fill it; None where nothing limits them.
    """

    coder: str
    width: float
    rate: int
    alone: bool
    message_bytes: float
    ap50: float
    decode_ms: float
    serve_ms: float
    robots_a_server: float | None
    robots_a_cell: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """Hold a figure as it was worked out and as it came out of the simulation."""

    name: str
    planned: float
    simulated: float
    layout: str

    @property
    def difference(self) -> float | None:
        """Give the simulated over the planned one, less one; None of something over nothing."""
        if not self.planned:
            return None if self.simulated else 0.0
        return self.simulated / self.planned - 1.0


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """Hold a plan as plain data; `link` is empty where nothing limits the links."""

    model: str
    robots: int
    fps: float
    deadline_ms: float
    seconds: float
    link: str
    place: str
    clock: str
    is_gpu: bool
    servers: int
    cells: int
    costs: Sequence[CostRow]
    compared: Sequence[Compared]
    simulated: Sequence[tuple[str, str]]    # name and value
    verdict: Sequence[str]
    capacity_per_s: float
    served_by_second: Sequence[int]
    on_time_by_robot: Sequence[float]       # worst first
    points: Sequence[tuple[str, float]]     # name and share of the frames


def render_fleet_plan(plan: FleetPlan) -> str:
    """Return the HTML document."""
    links = f'links over {plan.link}, shared by each cell' if plan.link else 'links without limit'
    lead = (f'{plan.robots:,} robots at {plan.fps:g} frames/s, model {plan.model}, {links}; '
            f'deadline {plan.deadline_ms:g} ms from capture to detections back.')
    return render_page("A fleet's plan", [
        Section('Answer', tuple(plan.verdict)),
        Section('What a frame takes', (
            f"Measured on {plan.place}, by the {plan.clock}'s time: decoding at each point, "
            'rebuilding and detecting once a coder and width, the median of a few frames, one at '
            'a time. Each row is the most accurate point of its coder and width; robots are '
            'those that fill a core, a GPU or a cell.',), (cost_table(plan),)),
        Section('Worked out, and simulated', (
            f'{plan.seconds:g} s of virtual time: each robot has its policy, its camera at a '
            'moment of its own and its part of the link; nodes keep the newest frame of each and '
            "share their time by the offboard node's own code.",),
            (outcome_table(plan), Table(('of the simulation', ''), tuple(plan.simulated))),
            (Drawing(_draw_served(plan), 'Frames served in each second; the line is what the '
                     'servers could.'),
             Drawing(_draw_on_time(plan), "Each robot's share of frames whose detections were "
                     'back in time, worst first.'))),
        Section('What the robots chose', tables=(Table(
            ('point', 'of the frames sent'),
            tuple((name, f'{share:.1%}') for name, share in plan.points)),))], lead)


def cost_table(plan: FleetPlan) -> Table:
    """Return what a frame takes and how many robots that makes, a row a coder and width."""
    return Table(
        ('coder', 'width', 'rate', 'alone', 'AP50', 'bytes', 'decode ms', 'serve ms',
         'robots a core', 'robots a GPU', 'robots a cell'),
        tuple((
            row.coder, f'{row.width:g}', str(row.rate), 'yes' if row.alone else 'no',
            f'{row.ap50:.3f}', f'{row.message_bytes:,.0f}', f'{row.decode_ms:.1f}',
            f'{row.serve_ms:.1f}', NOT_MEASURED if plan.is_gpu else _robots(row.robots_a_server),
            _robots(row.robots_a_server) if plan.is_gpu else NOT_MEASURED,
            _robots(row.robots_a_cell)) for row in plan.costs))


def outcome_table(plan: FleetPlan) -> Table:
    """Return what was worked out beside what was simulated."""
    return Table(('figure', 'worked out', 'simulated', 'difference'), tuple(
        (row.name, row.layout.format(row.planned), row.layout.format(row.simulated),
         '–' if row.difference is None else f'{row.difference:+.1%}') for row in plan.compared))


def _robots(number: float | None) -> str:
    return 'no limit' if number is None else f'{number:.3g}'


def _draw_served(plan: FleetPlan) -> str:
    figure, axes = make_axes('time, s', 'frames served', _INCHES)
    axes.step(range(len(plan.served_by_second)), plan.served_by_second, where='post',
              color=COLOURS[0])
    axes.axhline(plan.capacity_per_s, color=COLOURS[3], linewidth=1.0)
    axes.set_ylim(bottom=0)
    return figure_to_svg(figure)


def _draw_on_time(plan: FleetPlan) -> str:
    figure, axes = make_axes('robot', 'on time', _INCHES)
    axes.step(range(1, len(plan.on_time_by_robot) + 1), plan.on_time_by_robot, where='mid',
              color=COLOURS[2])
    axes.set_ylim(0.0, 1.05)
    return figure_to_svg(figure)

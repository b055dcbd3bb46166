"""How the page of a fleet looks: what each robot got, and what a killed replica cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slim_split_ros.reports.figures import COLOURS, figure_to_svg, make_axes
from slim_split_ros.reports.page import Drawing, Section, Table, render_page


@dataclass(frozen=True, slots=True)
class FleetRobot:
    """Hold what one robot got; None where nothing is known, `reason` is its policy's last."""

    name: str
    rate_fps: float
    answered: int
    late: int
    answer_ms: float | None
    precision: float | None
    recall: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class FleetFacts:
    """
    Hold everything that the page shows; times in seconds from the start of measuring.

    `rates` has answers a second of all robots together, a value for each `bin_s`; `lost` counts
    frames that the server did not serve after the kill, by reason. `recovered_s` is how long it
    took until as many replicas as before served; None: it did not happen.
    """

    model: str
    replicas: int
    fps: float
    seconds: float
    deadline_ms: float
    robots: tuple[FleetRobot, ...]
    replica_figures: Mapping[str, str]
    bin_s: float
    rates: tuple[float, ...]
    killed_s: float
    recovered_s: float | None
    lost: Mapping[str, int]


def render_fleet(facts: FleetFacts) -> str:
    """Return the HTML document."""
    lead = (f'{len(facts.robots)} onboard nodes that see one simulated camera ({facts.fps:g} '
            f'images a second), one offboard node, {facts.replicas} replicas of {facts.model} on '
            f'a Ray cluster, all on this machine, for {facts.seconds:.0f} seconds.')
    return render_page('Fleet', [
        Section('What the killed replica cost', _cost(facts), drawings=(_draw_rates(facts),)),
        Section('Robots', (
            f'Late: after {facts.deadline_ms:.0f} ms. Precision and recall against the '
            "simulation's truth, at an IoU of 0.5.",), (robot_table(facts.robots),)),
        Section('Replicas', ('As the offboard node sees those that answered in the last 5 s.',),
                (replica_table(facts.replica_figures),))], lead)


def robot_table(robots: Sequence[FleetRobot]) -> Table:
    """Return a row for each robot."""
    return Table(
        ('robot', 'answers/s', 'answers', 'late', 'answer ms', 'precision', 'recall', 'reason'),
        tuple((robot.name, f'{robot.rate_fps:.1f}', str(robot.answered), str(robot.late),
               *('–' if value is None else layout.format(value) for value, layout in (
                   (robot.answer_ms, '{:.0f}'), (robot.precision, '{:.2f}'),
                   (robot.recall, '{:.2f}'))),
               robot.reason or '–') for robot in robots))


def replica_table(figures: Mapping[str, str]) -> Table:
    """Return a row for each replica."""
    return Table(('replica', 'frames, service, queue, batch'), tuple(figures.items()))


def _cost(facts: FleetFacts) -> tuple[str, ...]:
    lost = ', '.join(f'{number} {reason}' for reason, number in sorted(facts.lost.items()) if
                     number) or 'none'
    back = ('It was not replaced while this page was watching.' if facts.recovered_s is None else
            f'{facts.recovered_s:.1f} s later as many replicas as before served.')
    return (f'After {facts.killed_s:.0f} s one replica was killed (SIGKILL). {back}',
            f'Frames that the server did not serve from then on, by reason: {lost}.')


def _draw_rates(facts: FleetFacts) -> Drawing:
    figure, axes = make_axes('seconds', 'answers a second, all robots')
    middles_s = [(number + 0.5) * facts.bin_s for number in range(len(facts.rates))]
    axes.plot(middles_s, facts.rates, color=COLOURS[0])
    axes.axvline(facts.killed_s, color=COLOURS[1], linestyle='--', label='replica killed')
    if facts.recovered_s is not None:
        axes.axvline(facts.killed_s + facts.recovered_s, color=COLOURS[2], linestyle=':',
                     label='all replicas serve')
    axes.set_ylim(bottom=0)
    axes.legend()
    return Drawing(figure_to_svg(figure), 'Answers that came back to robots')

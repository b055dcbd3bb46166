"""A plan and its simulation as figures: plain data for the page, the terminal and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
import math
from typing import Any

from slim_split_ros.commands.fleet_simulation import FleetOutcome, FleetRun
from slim_split_ros.fleet.planning import Costs, Plan, PlannedWay
from slim_split_ros.reports.fleet_plan_page import Compared, CostRow, FleetPlan

CPU = 'cpu'
_SHOWN_POINTS = 6


def fleet_plan(
    model: str, costs: Costs, ways: Sequence[PlannedWay], plan: Plan, run: FleetRun,
    outcome: FleetOutcome,
) -> FleetPlan:
    """Give what the page shows."""
    fps = run.control.target_fps
    return FleetPlan(
        model=model, robots=run.robots, fps=fps, deadline_ms=run.control.deadline_s * 1000.0,
        seconds=run.seconds, link=run.trace.name if run.trace else '', place=costs.place,
        clock=costs.clock, is_gpu=costs.device != CPU, servers=plan.servers, cells=plan.cells,
        costs=_cost_rows(ways, run), compared=_compared(plan, run, outcome),
        simulated=_simulated(outcome), verdict=_verdict(costs, plan, run),
        capacity_per_s=plan.servers / plan.service_s,
        served_by_second=tuple(outcome.served_by_second),
        on_time_by_robot=tuple(sorted(
            robot.on_time / robot.offered for robot in outcome.robots)),
        points=_points(outcome))


def as_json(
    model: str, costs: Costs, ways: Sequence[PlannedWay], plan: Plan, run: FleetRun,
    outcome: FleetOutcome,
) -> dict[str, Any]:
    """Give all figures; those without a limit are null."""
    fps = run.control.target_fps
    return {
        'model': model, 'robots': run.robots, 'fps': fps,
        'deadline_ms': run.control.deadline_s * 1000.0, 'seconds': run.seconds, 'seed': run.seed,
        'link': run.trace.name if run.trace else None, 'costs': costs.as_json(),
        'plan': {
            **{name: value if math.isfinite(value) else None
               for name, value in asdict(plan).items() if name != 'way'},
            'way': asdict(plan.way.cost.way),
            'verdict': _verdict(costs, plan, run)},
        'ways': [{**asdict(row), 'is_gpu': costs.device != CPU}
                 for row in _cost_rows(ways, run)],
        'simulation': {
            'offered_per_s': outcome.total('offered') / run.seconds,
            'served_per_s': outcome.total('served') / run.seconds,
            'on_time_share': outcome.total('on_time') / outcome.total('offered'),
            'utilisation': outcome.utilisation, 'fairness': outcome.fairness,
            'served_by_second': outcome.served_by_second,
            'robots': [_robot(number, outcome) for number in range(run.robots)]}}


def _robot(number: int, outcome: FleetOutcome) -> dict[str, Any]:
    robot, counts = outcome.robots[number], outcome.counts[number]
    return {
        'offered': robot.offered, 'sent': robot.sent, 'served': robot.served,
        'on_time': robot.on_time, 'late': robot.late, 'lost': robot.lost,
        'undecodable': robot.undecodable, 'server_busy': counts.took_place,
        'too_old': counts.too_old, 'mean_width': round(robot.mean_width, 4),
        'mean_bytes': round(robot.mean_bytes, 1), 'mean_ap50': round(robot.mean_ap50, 4),
        'reasons': dict(sorted(robot.reasons.items()))}


def _cost_rows(ways: Sequence[PlannedWay], run: FleetRun) -> tuple[CostRow, ...]:
    """Give a row for each coder and width: its most accurate point."""
    fps = run.control.target_fps
    best: dict[tuple[str, float], PlannedWay] = {}
    for way in ways:
        key = way.cost.way.coder, way.cost.way.width
        if key not in best or way.ap50 > best[key].ap50:
            best[key] = way
    kbps = None
    if run.trace:
        kbps = run.trace.bits_until(run.trace.duration_s) / run.trace.duration_s / 1000.0
    return tuple(CostRow(
        coder, width, way.cost.way.rate, way.cost.way.alone, round(way.message_bytes, 1),
        way.ap50, way.cost.decode_ms, way.cost.serve_ms,
        1.0 / (fps * way.cost.service_s) if way.cost.service_s else None,
        None if kbps is None else kbps / way.kbps(fps))
        for (coder, width), way in sorted(best.items()))


def _compared(plan: Plan, run: FleetRun, outcome: FleetOutcome) -> tuple[Compared, ...]:
    offered = outcome.total('offered')
    return (
        Compared('frames offered a second', plan.offered_per_s, offered / run.seconds, '{:,.1f}'),
        Compared('frames served a second', plan.served_per_s,
                 outcome.total('served') / run.seconds, '{:,.1f}'),
        Compared('on time, of those offered', plan.on_time_share,
                 outcome.total('on_time') / offered, '{:.1%}'),
        Compared('servers at work', plan.utilisation, outcome.utilisation, '{:.1%}'))


def _simulated(outcome: FleetOutcome) -> tuple[tuple[str, str], ...]:
    sent = max(1, outcome.total('sent'))
    counts = outcome.counts
    reasons = sum((robot.reasons for robot in outcome.robots), Counter())
    offered = outcome.total('offered')
    return (
        ('frames sent, of those offered', f'{sent / offered:.1%}'),
        ('served but late', f'{outcome.total("late"):,}'),
        ('dropped at the server, a newer one came',
         f'{sum(each.took_place for each in counts):,}'),
        ('dropped at the server, too old', f'{sum(each.too_old for each in counts):,}'),
        ('undecodable after a loss', f'{outcome.total("undecodable"):,}'),
        ('worst served robot ÷ best served', f'{outcome.fairness:.2f}'),
        ('mean width of frames sent',
         f'{sum(each.mean_width * each.sent for each in outcome.robots) / sent:.2f}'),
        ('mean AP50 of frames offered',
         f'{sum(each.mean_ap50 for each in outcome.robots) / len(outcome.robots):.3f}'),
        ("what limited the robots' choice", ', '.join(
            f'{reason} {count / offered:.0%}' for reason, count in reasons.most_common())))


def _points(outcome: FleetOutcome) -> tuple[tuple[str, float], ...]:
    """Give the points that were sent most, with their share of the frames."""
    points = sum((robot.points for robot in outcome.robots), Counter())
    total = sum(points.values())
    return tuple(
        (f'{coder}, width {width:g}, rate {rate}{"" if alone else ", not alone"}', count / total)
        for (coder, width, rate, alone), count in points.most_common(_SHOWN_POINTS))


def _verdict(costs: Costs, plan: Plan, run: FleetRun) -> tuple[str, ...]:
    """Say in sentences what it takes, and whether what there is will do."""
    unit = 'GPU' if costs.device != CPU else 'core'
    each = (f'each gets {_short(plan.served_per_s / run.robots)} frames served a second, '
            f'{plan.on_time_share:.0%} of those it offers on time')
    sentences = [
        f'A frame takes {plan.service_s * 1000.0:.1f} ms of a {unit}: at '
        f'{run.control.target_fps:g} frames/s a {unit} serves {_short(plan.robots_a_server)} '
        f'robots with a tenth in reserve, and '
        f'{_short(1.0 / (run.control.target_fps * plan.service_s))} fill it.']
    if run.trace:
        sentences.append(
            f'The air of a cell ({run.trace.name}) carries '
            f'{_count(int(plan.robots_a_cell), "robot")}, each with nine tenths of the frames on '
            f'time of one alone; here {math.ceil(run.robots / plan.cells)} share one.')
    if run.robots <= plan.robots_allowed:
        sentences.append(
            f'{_count(plan.servers, unit)} and {_count(plan.cells, "cell")} do for '
            f'{_count(run.robots, "robot")}: {each}.')
    else:
        takes = 'and no number of cells for one' if plan.robots_a_cell < 1.0 else (
            f'it takes {_count(plan.servers_needed, unit)} and '
            f'{_count(plan.cells_needed, "cell")}')
        sentences.append(
            f'{_count(run.robots, "robot")} are more than the plan allows: '
            f'{_count(plan.servers, unit)} and {_count(plan.cells, "cell")} do for '
            f'{plan.robots_allowed:,}, {takes}; with what there is, {each}.')
    return tuple(sentences)


def _short(number: float) -> str:
    return f'{number:.2g}' if number < 10.0 else f'{number:,.0f}'


def _count(number: int, noun: str) -> str:
    return f'{number:,} {noun}' + ('' if number == 1 else 's')

"""The live part of `fleet`: robots on this machine, served by replicas of a Ray cluster."""

from __future__ import annotations

from dataclasses import asdict
from importlib.util import find_spec
import os
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from slim_split_ros.commands.output_paths import write_json

if TYPE_CHECKING:
    from rich.console import Console, Group

    from slim_split_ros.demo.fleet_run import FleetPlan, FleetView
    from slim_split_ros.reports.fleet_page import FleetFacts

PAGE = 'index.html'
_FILE_COLUMNS = 120


def run_live(
    robots: int, replicas: int, seconds: float, fps: float, seed: int, folder: Path,
    figures: Path | None = None,
) -> int:
    """Run the fleet with a live table, write its page; 1 if somebody was not served."""
    from slim_split_ros.demo.errors import DemoError
    from slim_split_ros.demo.fleet_run import FleetPlan
    from slim_split_ros.fleet import FleetError
    from slim_split_ros.reports.fleet_page import render_fleet
    from slim_split_ros.ros.errors import StartError

    if find_spec('ray') is None:
        raise ModuleNotFoundError(name='ray')
    plan = FleetPlan(robots, replicas, seconds, fps, seed, folder)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault('MPLCONFIGDIR', str(folder.resolve() / 'matplotlib'))
    try:
        facts = _watch(plan)
    except (DemoError, FleetError, StartError) as error:
        print(f'fleet: {error}', file=sys.stderr)
        return 1
    page = folder / PAGE
    page.write_text(render_fleet(facts), encoding='utf-8')
    write_json(figures, asdict(facts))
    lost = sum(facts.lost.values())
    print(f'The killed replica was back after {facts.recovered_s:.1f} s; {lost} frames were not '
          f'served from then on.\nPage with tables and plot: {page}')
    return 0


def _watch(plan: FleetPlan) -> FleetFacts:
    from rich.console import Console
    from rich.live import Live

    from slim_split_ros.demo.fleet_run import run_fleet

    # A file has no width; there a line is not broken, and the last state is printed once.
    console = Console(width=None if sys.stdout.isatty() else _FILE_COLUMNS)
    said = ''
    try:
        with Live(console=console, auto_refresh=False) as live:
            def show(view: FleetView) -> None:
                nonlocal said
                if view.said != said and not console.is_terminal:
                    print(f'fleet: {view.said}', flush=True)
                said = view.said
                live.update(_draw(view, plan.seconds, console), refresh=console.is_terminal)

            return run_fleet(plan, dict(os.environ), show)
    finally:
        if not console.is_terminal:
            console.line()  # rich ends only what it has drawn over


def _draw(view: FleetView, seconds: float, console: Console) -> Group:
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table as RichTable
    from rich.text import Text

    from slim_split_ros.reports.fleet_page import replica_table, robot_table
    from slim_split_ros.reports.terminal_table import fit_table

    bar = RichTable.grid(padding=(0, 1))
    bar.add_row(ProgressBar(total=seconds, completed=view.elapsed_s, width=40), Text(view.said))
    parts = [bar]
    for table in (robot_table(view.robots), replica_table(view.replicas or {})):
        if table.rows:
            parts += fit_table(table, console)
    return Group(*parts)

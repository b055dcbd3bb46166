from __future__ import annotations

from dataclasses import replace

import pytest

from slim_split_ros.reports.fleet_plan_page import (
    Compared,
    CostRow,
    FleetPlan,
    cost_table,
    outcome_table,
    render_fleet_plan,
)

PLAN = FleetPlan(
    model='<tiny>', robots=1000, fps=3.0, deadline_ms=300.0, seconds=20.0, link='',
    place='the CPU', clock='processor', is_gpu=False, servers=4, cells=1,
    costs=(CostRow('cells', 0.25, 1, True, 733.9, 0.63, 0.7, 40.0, 8.19, None),),
    compared=(Compared('frames served a second', 100.0, 93.0, '{:.1f}'),),
    simulated=(('served but late', '12'),), verdict=('Four cores do <not>.',),
    capacity_per_s=98.0, served_by_second=(90, 95, 94), on_time_by_robot=(0.1, 0.2, 0.9),
    points=(('cells, width 0.25, rate 1', 0.75),))


def test_the_page_says_and_draws_all_of_it() -> None:
    pytest.importorskip('matplotlib')
    html = render_fleet_plan(PLAN)
    for expected in ('1,000 robots at 3 frames/s', '&lt;tiny&gt;', 'Four cores do &lt;not&gt;.',
                     'links without limit', '8.19', 'cells, width 0.25, rate 1', '75.0%',
                     '-7.0%', 'served but late'):
        assert expected in html
    assert html.count('<svg') == 2


def test_what_was_not_measured_is_said_to_be_so() -> None:
    on_cpu, on_gpu = (cost_table(replace(PLAN, is_gpu=is_gpu)) for is_gpu in (False, True))
    place = on_cpu.columns.index('robots a core')
    assert on_cpu.rows[0][place:] == ('8.19', 'not measured', 'no limit')
    assert on_gpu.rows[0][place:] == ('not measured', '8.19', 'no limit')


def test_a_difference_is_that_of_the_simulation_to_what_was_worked_out() -> None:
    assert outcome_table(PLAN).rows == (('frames served a second', '100.0', '93.0', '-7.0%'),)
    assert Compared('nothing', 0.0, 0.0, '{}').difference == 0.0
    of_nothing = replace(PLAN, compared=(Compared('on time', 0.0, 0.35, '{:.1%}'),))
    assert outcome_table(of_nothing).rows == (('on time', '0.0%', '35.0%', '–'),)

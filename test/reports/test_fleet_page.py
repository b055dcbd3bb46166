"""Tests of the page of a fleet."""

from __future__ import annotations

from dataclasses import replace

from slim_split_ros.reports.fleet_page import FleetFacts, FleetRobot, render_fleet

FACTS = FleetFacts(
    'robocup', 2, 3.0, 60.0, 300.0,
    (FleetRobot('robot1', 2.9, 174, 12, 211.4, 0.87, 0.61, 'server'),
     FleetRobot('<b>', 0.0, 0, 0, None, None, None, '')),
    {'0ghaazcm': '3.0 frames/s, 66 ms, 4 ms queue, 1.0 a batch'}, 1.0, (6.0, 5.0, 3.0, 6.0),
    30.0, 3.24, {'cluster': 2, 'deadline': 0})


def test_the_page_says_what_the_kill_cost_and_what_each_robot_got() -> None:
    page = render_fleet(FACTS)

    for text in ('3.2 s later', '2 cluster', 'robot1', '211', '0.87', '0ghaazcm', '&lt;b&gt;',
                 '<svg'):
        assert text in page
    assert '0 deadline' not in page
    assert '<td>–</td>' in page and 'nan' not in page


def test_a_replica_that_did_not_come_back_is_said_so() -> None:
    page = render_fleet(replace(FACTS, recovered_s=None, lost={}))

    assert 'not replaced' in page and 'none' in page

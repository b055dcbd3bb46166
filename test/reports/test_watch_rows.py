"""Are the rows of `watch` what a terminal can show?"""

from __future__ import annotations

from types import SimpleNamespace

from slim_split_ros.reports.watch_rows import robot_table


def robot(**changes: object) -> SimpleNamespace:
    return SimpleNamespace(**{
        'node': '/robot1/onboard', 'silent_s': 0.5, 'state': 'active', 'coder': 'cells',
        'width': 0.5, 'rate': 2, 'alone': True, 'reason': 'link', 'frames_per_s': 9.96,
        'rate_kbps': 1234.4, 'capacity_kbps': None, 'backlog_ms': 3.2,
        'encode_ms': 2.25, 'answer_ms': 80.0,
        'frames_answered': 7, 'answers_late': 1, 'dropped': {'link': 2, 'late': 0}, **changes})


def test_figures_have_the_digits_that_mean_something() -> None:
    row, = robot_table([robot()]).rows
    assert row == ('/robot1/onboard', 'cells 0.50, 2', 'link', '10.0', '1,234', '2.2', '80',
                   '1 of 7', '2 link')


def test_a_known_capacity_and_a_frame_that_leans_on_another_are_said() -> None:
    row, = robot_table([robot(capacity_kbps=2000.0, alone=False, coder='video')]).rows
    assert row[1] == 'video 0.50, 2 after the one before'
    assert row[4] == '1,234 of 2,000'


def test_a_robot_that_sent_nothing_yet_has_no_width() -> None:
    row, = robot_table([robot(width=0.0, rate=0, reason='')]).rows
    assert row[1:3] == ('', '')


def test_a_robot_that_is_switched_off_shows_its_state_instead_of_what_it_did_last() -> None:
    row, = robot_table([robot(state='inactive')]).rows
    assert row[1:3] == ('', 'inactive')


def test_a_silent_robot_says_for_how_long() -> None:
    row, = robot_table([robot(silent_s=12.3)]).rows
    assert row[0] == '/robot1/onboard (silent for 12 s)'


def test_nothing_from_outside_commands_the_terminal() -> None:
    row, = robot_table([robot(reason='\x1b[2Jlink', dropped={'\x07bell': 1})]).rows
    assert row[2] == '?[2Jlink'
    assert row[-1] == '1 ?bell'

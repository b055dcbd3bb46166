from linklab.lab import make_trace, run_policy
from slim_split_ros.linklab import summarize_robot


def test_a_robot_s_figures_are_those_of_the_link_lab() -> None:
    rows, results = run_policy(make_trace((10.0, 150.0), (3.0, 0.0), (7.0, 400.0), loss=0.02),
                               with_loss=True)
    outcome = summarize_robot(rows, 0.3)
    assert outcome.offered == results.offered
    assert outcome.on_time == results.on_time_frames
    assert (outcome.late, outcome.lost) == (results.late, results.lost)
    assert outcome.offered - outcome.sent == results.skipped
    assert outcome.mean_ap50 == results.mean_ap50
    assert sum(outcome.points.values()) == outcome.sent
    assert sum(outcome.reasons.values()) <= outcome.offered


def test_a_robot_that_sent_nothing_has_figures_too() -> None:
    rows, _ = run_policy(make_trace((5.0, 100.0)))
    for row in rows:
        row.sent_s = row.back_s = None
    outcome = summarize_robot(rows, 0.3)
    assert outcome.sent == outcome.mean_width == outcome.mean_bytes == outcome.mean_ap50 == 0

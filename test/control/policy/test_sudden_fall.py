"""Large frames that are hardly better than smaller ones go over links with room alone."""

from slim_split_ros.control.policy.sudden_fall import largest_safe_bits


def test_a_quarter_of_the_link_carries_one_and_a_half_safe_frames() -> None:
    assert 1.5 * largest_safe_bits(capacity_bps=800_000.0, slack_s=0.2) == 200_000.0 * 0.2

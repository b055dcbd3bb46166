"""
Which frames are for links with room alone: large ones that are hardly better than smaller ones.

They go only where a link that falls to a quarter at once would still carry one in time, behind
half of another. Hardly a frame is late then.
"""

SUDDEN_FALL = 4.0
FRAMES_THEN = 1.5  # to be carried in time: one more is on its way about every other time
# More accuracy than this, as a share, is worth the risk.
CLEAR_GAIN = 0.03


def largest_safe_bits(capacity_bps: float, slack_s: float) -> float:
    """Give the size of the largest frame that would be in time all the same."""
    return capacity_bps / SUDDEN_FALL * slack_s / FRAMES_THEN

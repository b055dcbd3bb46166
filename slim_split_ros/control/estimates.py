"""What every policy may know: link, capacity, sizes, encoding times, and the budget."""

from dataclasses import dataclass, field

from slim_split_ros.control.link.capacity_history import CapacityHistory
from slim_split_ros.control.link.estimator import LinkEstimator
from slim_split_ros.control.policy.budget import BitrateBudget
from slim_split_ros.control.ratio import RatioTracker

# Pictures change over seconds; the frame itself is known once it is encoded.
SIZE_GAIN, SIZE_SPREAD_GAIN, FIRST_SIZE_SPREAD = 0.1, 0.05, 0.2
# A throttled processor has to show within a second: ten frames.
ENCODE_GAIN, ENCODE_SPREAD_GAIN, FIRST_ENCODE_SPREAD = 0.3, 0.1, 0.1


@dataclass(slots=True)
class Estimates:
    """Hold what outlives a change of the settings or of the policy."""

    link: LinkEstimator = field(default_factory=LinkEstimator)
    history: CapacityHistory = field(default_factory=CapacityHistory)
    sizes: RatioTracker = field(default_factory=lambda: RatioTracker(
        SIZE_GAIN, SIZE_SPREAD_GAIN, FIRST_SIZE_SPREAD))
    encoding: RatioTracker = field(default_factory=lambda: RatioTracker(
        ENCODE_GAIN, ENCODE_SPREAD_GAIN, FIRST_ENCODE_SPREAD))
    budget: BitrateBudget = field(default_factory=BitrateBudget)

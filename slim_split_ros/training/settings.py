"""How long and how fast does training go? Two presets; everything else follows from them."""

from __future__ import annotations

from dataclasses import dataclass

from slim_split_ros.networks.config import ModelConfig

PAYLOAD_BPP = (0.090, 0.130, 0.175, 0.225)  # bits per input pixel at rate 0, one a width
RATE_FACTOR = 0.6  # of the bits, from one rate to the next coarser


@dataclass(frozen=True, slots=True)
class StageSettings:
    """One stage: so many steps, warmed up, then a cosine to nothing."""

    steps: int
    batch_size: int
    learning_rate: float
    warmup_steps: int = 200
    weight_decay: float = 0.02
    gradient_norm: float = 10.0
    average_decay: float = 0.998  # of the weights' moving average


@dataclass(frozen=True, slots=True)
class Preset:
    """The two stages of a run."""

    detector: StageSettings
    codec: StageSettings


# Minutes on two free cores with bfloat16, 416 pixels, measured before the decoder had a stem of
# its own: quick 18, full 51; on one core 1.6 times. Without bfloat16 a codec step takes 6.9 s.
PRESETS = {
    'quick': Preset(StageSettings(500, 16, 2e-3), StageSettings(350, 16, 2e-3)),
    'full': Preset(StageSettings(1500, 16, 2e-3), StageSettings(900, 16, 2e-3)),
}


def target_bpp(config: ModelConfig, width_index: int, rate: int) -> float:
    """Return the bits per input pixel that a width and rate aim at."""
    share = (width_index + 1) / len(config.widths) * len(PAYLOAD_BPP) - 1
    low = int(share)
    high = min(low + 1, len(PAYLOAD_BPP) - 1)
    at_rate_0 = PAYLOAD_BPP[low] + (PAYLOAD_BPP[high] - PAYLOAD_BPP[low]) * (share - low)
    return at_rate_0 * RATE_FACTOR ** rate

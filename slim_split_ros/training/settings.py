"""How long and how fast each preset trains; everything else follows from that."""

from __future__ import annotations

from dataclasses import dataclass


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
    """The three stages of a run; the later two start from a finished finder and repairs."""

    detector: StageSettings
    encoder: StageSettings
    codec: StageSettings


PRESETS = {
    'quick': Preset(StageSettings(400, 16, 2e-3), StageSettings(500, 16, 2e-3),
                    StageSettings(120, 16, 2e-3)),
    'full': Preset(StageSettings(5400, 16, 1.5e-3),
                   StageSettings(1500, 32, 1e-3, weight_decay=0.05),
                   StageSettings(4500, 16, 1e-3)),
}


@dataclass(frozen=True, slots=True)
class RivalsPreset:
    """The stages of the systems that ours is compared with, which all start from nothing."""

    codecs: StageSettings  # those that share a detector, a third of each batch for each
    static: StageSettings
    nano: StageSettings


RIVALS = {
    'quick': RivalsPreset(PRESETS['quick'].codec, PRESETS['quick'].encoder,
                          PRESETS['quick'].detector),
    'full': RivalsPreset(StageSettings(2500, 16, 1e-3),
                         StageSettings(8000, 32, 2e-3, weight_decay=0.05),
                         PRESETS['full'].detector),
}


@dataclass(frozen=True, slots=True)
class GeneralPreset:
    """The two stages of a model without a detector of its own."""

    finder: StageSettings
    repairs: StageSettings


GENERAL = GeneralPreset(
    StageSettings(2600, 16, 2e-3, warmup_steps=100, average_decay=0.995),
    StageSettings(3200, 8, 1e-3, warmup_steps=100, average_decay=0.995))

"""
At which sizes and quantizers models are exported for the coder `video`, one a rate.

Chosen for the shipped model on the first recordings of its val, see `docs/experiments.md`.
"""

from __future__ import annotations

from slim_split_ros.wire.video_settings import VideoSettings

VIDEO_POINTS = (
    VideoSettings(300, 1.0, (-0.25, -0.45)),
    VideoSettings(300, 1.0, (-0.15, -0.35)),
    VideoSettings(300, 1.0, (-0.05, -0.20)),
    VideoSettings(450, 1.0, (-0.15, -0.35)),
    VideoSettings(600, 1.0, (-0.15, -0.35)),
    VideoSettings(600, 1.0, (-0.25, -0.45)),
)

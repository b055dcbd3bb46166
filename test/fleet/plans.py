"""Costs, ways and questions for tests of the plan."""

from __future__ import annotations

from slim_split_ros.fleet.planning import FrameCost, PlannedWay, Way


def cost(coder: str = 'cells', width: float = 1.0, alone: bool = True, decode_ms: float = 1.0,
         serve_ms: float = 49.0, rate: int = 0) -> FrameCost:
    """Make a cost of 50 ms in all."""
    return FrameCost(Way(coder, width, rate, alone), decode_ms, serve_ms)


def way(message_bytes: float = 1000.0, ap50: float = 0.5, encode_ms: float = 2.0,
        of: FrameCost | None = None) -> PlannedWay:
    """Make a way of 80 kbit/s at 10 frames/s."""
    return PlannedWay(of or cost(), message_bytes, encode_ms, ap50)

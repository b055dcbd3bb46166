"""The check that a model's graph has the inputs and outputs that its manifest says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slim_split_ros.wire.errors import ManifestError
from slim_split_ros.wire.manifest import REMEDY


class GraphValue(Protocol):
    """Describe an input or output as ONNX Runtime does; sides that may vary are no integers."""

    name: str
    type: str
    shape: Sequence[object]


@dataclass(frozen=True, slots=True)
class ExpectedValue:
    """Describe what an input or output must be; None is a side that follows from the image."""

    name: str
    type: str
    shape: tuple[int | None, ...]


def check_values(
    path: Path, kind: str, found: Sequence[GraphValue], expected: Sequence[ExpectedValue]
) -> None:
    """
    Compare a graph's inputs or outputs, as `kind` says, with what they must be.

    A side that the graph leaves open fits any. Raises ManifestError naming file and value.
    """
    by_name = {value.name: value for value in found}
    if sorted(by_name) != sorted(names := [value.name for value in expected]):
        raise ManifestError(
            f'{path} has the {kind}s {", ".join(by_name)}, must have {", ".join(names)}: {REMEDY}')
    for value in expected:
        graph = by_name[value.name]
        if graph.type != value.type or not _fits(graph.shape, value.shape):
            raise ManifestError(
                f'{kind} {value.name} of {path} is {graph.type} {_sides(graph.shape)}, must be '
                f'{value.type} {_sides(value.shape)}: {REMEDY}')


def _fits(found: Sequence[object], expected: tuple[int | None, ...]) -> bool:
    return len(found) == len(expected) and all(
        side is None or not isinstance(there, int) or there == side
        for there, side in zip(found, expected, strict=True))


def _sides(shape: Sequence[object]) -> str:
    return 'x'.join(str(side) if isinstance(side, int) else '*' for side in shape) or 'scalar'

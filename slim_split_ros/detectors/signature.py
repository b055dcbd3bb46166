"""What a detector's file says of itself: its ports and its metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
import re

from slim_split_ros.detectors.description import Layout

Shape = tuple[int | None, ...]
# Among the arguments of an Ultralytics' export, a dictionary as text.
_NMS = re.compile("""['"]nms['"]: True""")


class OutputKind(Enum):
    """Name what an output's name says that it holds."""

    BOXES = auto()
    SCORES = auto()
    LABELS = auto()


# In this order: `box_scores` are scores.
_WORDS = {OutputKind.SCORES: ('score', 'logit'), OutputKind.LABELS: ('label', 'class'),
          OutputKind.BOXES: ('box', 'det')}


def kind_of(name: str) -> OutputKind | None:
    """Return what an output holds by its name, None where that does not tell."""
    parts = name.lower().rsplit('/', maxsplit=1)
    # A folder of the graph, `multiclass_nms/boxes`, says less than the name in it.
    return next((kind for part in reversed(parts) for kind, words in _WORDS.items()
                 if any(word in part for word in words)), None)


@dataclass(frozen=True, slots=True)
class Port:
    """Name an input or output of a graph; a dimension of None is free."""

    name: str
    shape: Shape
    type: str

    def sides(self, layout: Layout) -> Shape:
        """Return height and width of pictures."""
        return self.shape[1:3] if layout is Layout.NHWC else self.shape[2:4]

    def shape_of(self, rank: int) -> Shape:
        """Return the shape, all free where the graph does not even say its rank."""
        return self.shape or (None,) * rank

    def __str__(self) -> str:
        shape = 'x'.join('?' if size is None else str(size) for size in self.shape)
        return f'{self.name} {shape} {self.type}'


@dataclass(frozen=True, slots=True)
class Signature:
    """
    Hold what a file says of itself.

    `outputs` tell boxes; `mask_channels` is how many coefficients of a mask may stand behind each.
    """

    path: Path
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    metadata: Mapping[str, str]
    mask_channels: int = 0

    @property
    def task(self) -> str:
        """Give the task that Ultralytics' exports name, empty where there is none."""
        return self.metadata.get('task', '')

    @property
    def selects(self) -> bool:
        """Whether an Ultralytics' export says that it selects by itself."""
        return (self.metadata.get('end2end') == 'True'
                or _NMS.search(self.metadata.get('args', '')) is not None)

    @property
    def has_more_than_boxes(self) -> bool:
        """Whether key points or masks stand behind the boxes and scores."""
        return self.task in ('pose', 'segment') or self.mask_channels > 0

    def __str__(self) -> str:
        inputs, outputs = ('; '.join(map(str, ports)) for ports in (self.inputs, self.outputs))
        return f'inputs: {inputs}. Outputs: {outputs}'

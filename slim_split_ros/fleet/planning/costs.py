"""What serving a frame was measured to take, by the way it was sent; and the file of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
import json
from typing import Any

from slim_split_ros.fleet.planning.errors import CostsError

# A minute for a frame is no server; the shortest is what a clock can tell.
LEAST_MS, MOST_MS = 0.0, 60_000.0
_FIELDS = {'coder': str, 'width': float, 'rate': int, 'alone': bool, 'decode_ms': float,
           'serve_ms': float}
_REMEDY = 'write it anew with `fleet --plan --json`, without --costs'


@dataclass(frozen=True, slots=True)
class Way:
    """Name a way to send a frame, as the table of operating points does."""

    coder: str
    width: float
    rate: int
    alone: bool


@dataclass(frozen=True, slots=True)
class FrameCost:
    """Hold what a server takes for a frame: for its payload, and for picture and detections."""

    way: Way
    decode_ms: float
    serve_ms: float

    @property
    def service_s(self) -> float:
        """Give what a frame takes in all, where no other has to be decoded before it."""
        return (self.decode_ms + self.serve_ms) / 1000.0


@dataclass(frozen=True, slots=True)
class Costs:
    """
    Hold the costs of a model at a place; each way once.

    `device` is `cpu`, one thread, or a GPU; `clock` is `processor` or `wall`; `fingerprint` names
    the model.
    """

    fingerprint: str
    device: str
    place: str
    clock: str
    of: tuple[FrameCost, ...]

    def by_way(self) -> dict[Way, FrameCost]:
        """Give the costs by the way."""
        return {cost.way: cost for cost in self.of}

    def as_json(self) -> dict[str, Any]:
        """Give plain data, which `parse_costs` reads."""
        return {
            'fingerprint': self.fingerprint, 'device': self.device, 'place': self.place,
            'clock': self.clock, 'frames': [
                {**asdict(cost.way), 'decode_ms': cost.decode_ms, 'serve_ms': cost.serve_ms}
                for cost in self.of]}


def parse_costs(text: str, name: str, fingerprint: str) -> Costs:
    """
    Read costs, or the plan that has them under `costs`; `name` stands in the messages.

    Raises CostsError for what holds no costs, or those of another model.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CostsError(f'{name}: no JSON ({error}); {_REMEDY}') from None
    if isinstance(document, Mapping) and isinstance(document.get('costs'), Mapping):
        document = document['costs']
    names = ('fingerprint', 'device', 'place', 'clock')
    if not isinstance(document, Mapping) or not isinstance(document.get('frames'), list) or \
            not all(isinstance(document.get(key), str) for key in names):
        raise CostsError(f'{name}: holds no {", ".join(names)} and frames; {_REMEDY}')
    if not document['frames']:
        raise CostsError(f'{name}: holds the costs of no frame; {_REMEDY}')
    costs = Costs(*(document[key] for key in names), tuple(
        _parse_cost(row, f'{name}, frame {number}')
        for number, row in enumerate(document['frames'], 1)))
    if costs.fingerprint != fingerprint:
        raise CostsError(f'{name}: measured with model {costs.fingerprint:.40}, the plan is for '
                         f'{fingerprint}; give that model with --checkpoint, or {_REMEDY}')
    if len(costs.by_way()) < len(costs.of):
        raise CostsError(f'{name}: lists a way to send frames twice; {_REMEDY}')
    return costs


def _parse_cost(row: object, place: str) -> FrameCost:
    if not isinstance(row, Mapping):
        raise CostsError(f'{place}: is no object; {_REMEDY}')
    for field, kind in _FIELDS.items():
        value = row.get(field)
        # A width of 1 is written as 1.0, but any JSON may have it as 1; true is no number.
        if type(value) is not kind and not (kind is float and type(value) is int):
            raise CostsError(f'{place}: {field} is {value!r:.40}, it has to be a {kind.__name__}; '
                             f'{_REMEDY}')
    for field in ('decode_ms', 'serve_ms'):
        if not LEAST_MS <= row[field] <= MOST_MS:      # NaN is in no range
            raise CostsError(f'{place}: {field} is {row[field]}, it has to be from {LEAST_MS:g} '
                             f'to {MOST_MS:g}; {_REMEDY}')
    return FrameCost(
        Way(row['coder'], float(row['width']), row['rate'], row['alone']),
        float(row['decode_ms']), float(row['serve_ms']))

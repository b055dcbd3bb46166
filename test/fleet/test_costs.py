from __future__ import annotations

import json
from typing import Any

import pytest

from fleet.plans import cost
from slim_split_ros.fleet.planning import Costs, CostsError, parse_costs

MODEL = '00000000000000ab'
COSTS = Costs(MODEL, 'cpu', 'the CPU', 'processor', (cost(), cost('video', 0.25, False)))


def test_costs_written_are_costs_read_alone_and_within_a_plan() -> None:
    text = json.dumps(COSTS.as_json())
    assert parse_costs(text, 'file', MODEL) == COSTS
    assert parse_costs(json.dumps({'robots': 3, 'costs': COSTS.as_json()}), 'f', MODEL) == COSTS


@pytest.mark.parametrize('text', ['', '{', '[]', '7', '{"costs": 3}', '[' * 100_000,
                                  '{"fingerprint": 1, "frames": []}',
                                  json.dumps({**COSTS.as_json(), 'frames': []})])
def test_what_holds_no_costs_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(CostsError, match=r'^file: .*--plan --json'):
        parse_costs(text, 'file', MODEL)


@pytest.mark.parametrize(('field', 'value'), [
    ('coder', 3), ('width', 'wide'), ('width', True), ('rate', 1.5), ('alone', 1),
    ('decode_ms', -1.0), ('serve_ms', float('nan')), ('serve_ms', 1e300), ('decode_ms', None)])
def test_a_wrong_figure_is_named_with_its_frame(field: str, value: Any) -> None:
    document = COSTS.as_json()
    document['frames'][1][field] = value
    with pytest.raises(CostsError, match=f'file, frame 2: {field} is '):
        parse_costs(json.dumps(document), 'file', MODEL)


def test_costs_of_another_model_or_a_way_twice_are_refused() -> None:
    with pytest.raises(CostsError, match='--checkpoint'):
        parse_costs(json.dumps(COSTS.as_json()), 'file', 'f' * 16)
    document = COSTS.as_json()
    document['frames'] += document['frames'][:1]
    with pytest.raises(CostsError, match='twice'):
        parse_costs(json.dumps(document), 'file', MODEL)

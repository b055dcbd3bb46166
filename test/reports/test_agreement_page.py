"""Do page and card of an adapted model say what each codec takes?"""

from __future__ import annotations

import pytest

from slim_split_ros.reports.agreement_card import CardFacts, render_card
from slim_split_ros.reports.agreement_page import as_points, needed_rows, render_agreement

ROWS = [
    {'codec': 'slim', 'coder': 'cells', 'alone': True, 'width': 0.5, 'rate': 0, 'bytes': 1000.0,
     'encode_ms': 2.0, 'agreement_ap50': 0.85},
    {'codec': 'slim', 'coder': 'video', 'alone': True, 'width': 0.5, 'rate': 0, 'bytes': 2000.0,
     'encode_ms': 3.0, 'agreement_ap50': 0.95},
    {'codec': 'slim', 'coder': 'video', 'alone': False, 'width': 0.5, 'rate': 0, 'bytes': 400.0,
     'encode_ms': 3.0, 'agreement_ap50': 0.92},
    {'codec': 'webp', 'quality': 10, 'scale': 0.5, 'bytes': 4000.0, 'encode_ms': 5.0,
     'agreement_ap50': 0.95}]


def test_what_each_needs_is_told_apart_by_coder_and_beside_webp() -> None:
    rows = {row[0]: row[1:] for row in needed_rows(as_points(ROWS))}

    assert rows['slim (cells)'] == ('0.850', '1000 (0.25 of WebP)', 'not reached', 'not reached')
    assert rows['slim (video)'][2] == '2000 (0.50 of WebP)'
    assert rows['slim (video, leaning on earlier frames)'][2] == '400 (0.10 of WebP)'
    assert rows['webp'][2] == '4000 (1.00 of WebP)'


def test_a_page_holds_curves_pictures_and_every_point() -> None:
    pytest.importorskip('matplotlib')

    page = render_agreement('cups, <3 of them>', ROWS, [('undamaged', b'\xff\xd8\xff')])

    assert page.count('<svg') == 1 and page.count('data:image/jpeg;base64,/9j/') == 1
    assert 'cups, &lt;3 of them&gt;' in page
    assert 'slim, coder video, alone no, width 0.5, rate 0' in page


def test_a_card_says_where_a_model_comes_from_and_what_it_takes() -> None:
    card = render_card(CardFacts(
        '0123456789abcdef', 'model `fedc`', 'yolo.onnx, yolo: 640x640', 'drive.mp4',
        '360 frames with 720 things', '90 frames with 180 things', '40 frames with 80 things',
        'python -m slim_split_ros adapt', 416, 123.4), ROWS)

    assert '| webp | 0.950 |' in card
    assert '| settings of video chosen on | 90 frames with 180 things |' in card
    assert '| cells | 0.5 | 0 | yes | 1000 | 2.00 | 0.850 |' in card
    assert '| video | 0.5 | 0 | no | 400 | 3.00 | 0.920 |' in card
    assert 'longer side 416 pixels' in card and '123 MB' in card

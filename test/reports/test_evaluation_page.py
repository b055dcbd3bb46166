from slim_split_ros.reports.evaluation_page import render_evaluation
from slim_split_ros.reports.rate_curves import pareto_front

DETECTOR = {'ap50': 0.6, 'ap': 0.3, 'class_ap50': [0.5, 0.7], 'ap50_interval': [0.55, 0.66]}


def point(codec: str, size: float, ap50: float, **setting: float) -> dict:
    return {'codec': codec, **setting, 'bytes': size, 'bytes_p95': size * 2,
            'ap50_interval': None, 'encode_ms': size / 1000,
            'encode_ms_p50': size / 1000, 'encode_ms_p95': size / 900, 'network_ms': 0.4,
            'ap50': ap50, 'ap': ap50 / 2, 'ap_small': 0.1, 'ap_medium': 0.2, 'ap_large': None}


POINTS = [point('slim', 900, 0.5, width=0.25, rate=0, default=True),
          point('jpeg', 5000, 0.58, quality=20, scale=0.5),
          point('webp', 6000, 0.52, quality=5, scale=1.0),
          point('paper', 7000, 0.4, width=0.25, rate=3, members=1, bits=1, default=False)]


def page(points: list = POINTS) -> str:
    return render_evaluation('drawn', ('square', 'disc'), DETECTOR, points, jpeg80_ms=0.5)


def test_a_point_beaten_in_both_is_not_on_the_front() -> None:
    assert [row['codec'] for row in pareto_front(POINTS, 'bytes')] == ['slim', 'jpeg']


def test_every_point_and_class_is_on_the_page() -> None:
    html = page()
    for expected in ('slim, width 0.25, rate 0', 'jpeg, quality 20, scale 0.5', 'AP50 disc',
                     'paper, width 0.25, rate 3, members 1, bits 1', '83.3%'):
        assert expected in html


def test_the_summary_says_what_nearly_full_accuracy_takes() -> None:
    html = page()
    for expected in ('bytes at 95%', 'not reached', '5000'):
        assert expected in html


def test_points_on_the_front_are_marked_in_the_table() -> None:
    row = page().split('jpeg, quality 20, scale 0.5')[1].split('</tr>')[0]
    assert '<td>bytes, time</td>' in row


def test_what_sends_nothing_or_takes_no_time_has_a_place_on_logarithmic_axes() -> None:
    local = {**point('local', 0, 0.45), 'encode_ms': 12.0}
    raw = {**point('none', 800_000, 0.6), 'encode_ms': 0.0}
    html = page([*POINTS, local, raw])
    assert html.count('<svg') == 2
    assert 'local' in html


def test_the_page_needs_no_other_file() -> None:
    html = page()
    assert html.count('<svg') == 2
    assert 'src="http' not in html and 'href="http' not in html


def test_a_detector_that_finds_nothing_divides_by_nothing() -> None:
    blind = {'ap50': 0.0, 'ap': 0.0, 'class_ap50': [0.0, 0.0]}
    assert 'undamaged' in render_evaluation('drawn', ('square', 'disc'), blind, POINTS, 0.5)


def test_ours_are_apart_by_coder_and_told_by_width() -> None:
    ours = [{**point('slim', 900, 0.5, width=0.25, rate=0), 'coder': 'cells', 'alone': True},
            {**point('slim', 400, 0.4, width=0.25, rate=1), 'coder': 'cells', 'alone': True},
            {**point('slim', 800, 0.55, width=1.0, rate=0), 'coder': 'video', 'alone': True},
            {**point('slim', 300, 0.56, width=1.0, rate=0), 'coder': 'video', 'alone': False}]
    html = page([*ours, point('h264', 4000, 0.57, scale=0.5, crf=40)])
    for expected in ('slim by cells, width 0.25, rate 0', 'slim by video, linked, width 1, rate 0',
                     'h264, scale 0.5, crf 40', '95 % interval', '0.550 to 0.660'):
        assert expected in html
    row = html.split('<h2>What each width buys</h2>')[1].split(
        'slim by cells, width 0.25</')[1].split('</tr>')[0]
    assert row.count('0.500') == 4 and '–' in row  # 1,000 bytes and more; 300 are too few


def test_maps_are_compared_at_the_areas_of_the_narrowest() -> None:
    maps = [{'width': 0.25, 'level': 1, 'marked': 0.3, 'found': 0.8},
            {'width': 0.25, 'level': 2, 'marked': 0.1, 'found': 0.5},
            {'width': 1.0, 'level': 1, 'marked': 0.2, 'found': 0.84},
            {'width': 1.0, 'level': 2, 'marked': 0.1, 'found': 0.7}]
    html = render_evaluation('drawn', ('square', 'disc'), DETECTOR, POINTS, 0.5, maps)
    row = html.split('map of width 1</')[1].split('</tr>')[0]
    # Between 20 % and everything, at 30 %; at 10 %, as measured.
    assert '86.0%' in row and '70.0%' in row


def test_video_tells_the_bytes_after_the_first_second() -> None:
    html = page([{**point('h264_video', 900, 0.5, scale=1.0, crf=40), 'bytes_settled': 611.0,
                  'bytes_settled_p95': 722.0}])
    assert 'p95 after 1 s' in html and '611' in html and '722' in html
    assert 'after 1 s' not in page()

"""What a frame may have now: by what points are for, and what link and processor leave."""

from dataclasses import replace
from math import inf

from slim_split_ros.control import OperatingPoint, Reason
from slim_split_ros.control.policy.candidates import Candidates, Limits

OPEN = Limits(bits_of=lambda point: 8.0 * point.bytes, left_bits=inf, longest_ms=80.0,
              proven_bits=inf, sustained_bits=inf, safe_bits=inf, width=None)
CELLS = OperatingPoint(0.25, 0, 1000.0, 1300.0, 1.0, 1.2, 0.6)
KEY = replace(CELLS, coder='video', width=1.0, bytes=3000.0, encode_ms=5.0, ap50=0.65,
              long_side=320)
FOLLOWER = replace(KEY, bytes=900.0, alone=False)


def allowed(candidates: Candidates, limits: Limits) -> set[OperatingPoint]:
    return {candidate.point for candidate in candidates.within(limits)[0]}


def test_what_leans_on_others_leaves_what_is_alone_on_its_own_front() -> None:
    assert allowed(Candidates((FOLLOWER, CELLS, KEY)), OPEN) == {FOLLOWER, CELLS, KEY}


def test_of_points_of_equal_bytes_a_slow_processor_has_the_fast_one() -> None:
    fast = replace(CELLS, encode_ms=10.0, ap50=0.5)
    slow = replace(CELLS, width=1.0, encode_ms=100.0, ap50=0.6)
    candidates = Candidates((slow, fast))
    assert candidates.least == fast
    assert allowed(candidates, replace(OPEN, longest_ms=5.0)) == {fast}
    assert allowed(candidates, replace(OPEN, longest_ms=200.0)) == {slow}


def test_a_beginning_that_other_coders_beat_is_still_one() -> None:
    better = replace(CELLS, bytes=2000.0, ap50=0.7)
    assert KEY in allowed(Candidates((FOLLOWER, better, KEY)), OPEN)


def test_a_beginning_is_sent_once_and_need_not_be_sustained() -> None:
    narrow = replace(OPEN, width=0.25, sustained_bits=8.0 * 1500.0)
    assert KEY in allowed(Candidates((FOLLOWER, CELLS, KEY)), narrow)
    assert KEY not in allowed(Candidates((CELLS, KEY)), narrow)


def test_where_nothing_leans_a_beginning_is_a_frame_like_others() -> None:
    better = replace(CELLS, bytes=2000.0, ap50=0.7)
    alone = replace(OPEN, can_lean=False)
    assert allowed(Candidates((FOLLOWER, CELLS, better, KEY)), alone) == {CELLS, better}


def test_a_slow_processor_keeps_the_cheap_coder() -> None:
    slow = replace(OPEN, longest_ms=2.0)
    candidates = Candidates((FOLLOWER, CELLS, KEY))
    assert allowed(candidates, slow) == {CELLS}
    blocked = {candidate.point: reason for candidate, reason in candidates.within(slow)[1]}
    assert blocked == {FOLLOWER: Reason.COMPUTE, KEY: Reason.COMPUTE}

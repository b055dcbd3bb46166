import random

import pytest

from slim_split_ros.control.link.in_flight import MOST_FRAMES, InFlight, SentFrame


def test_an_arrival_is_taken_once() -> None:
    frames = InFlight()
    frames.add(SentFrame(1, 0.0, 800.0))
    assert frames.take(1) is not None
    assert frames.take(1) is None


def test_a_frame_that_a_later_one_overtook_counts_as_lost() -> None:
    frames = InFlight()
    frames.add(SentFrame(1, 0.0, 800.0))
    frames.add(SentFrame(2, 0.1, 800.0))
    frames.take(2)
    assert [frame.sequence for frame in frames.drop_lost(0.1, 0.3)] == [1]
    assert frames.loss > 0.0


def test_a_frame_may_arrive_out_of_order_for_a_while() -> None:
    frames = InFlight()
    frames.add(SentFrame(1, 0.0, 800.0))
    frames.add(SentFrame(2, 0.033, 800.0))
    frames.take(2)
    assert frames.drop_lost(0.033, 0.1) == []


def test_what_waits_in_an_outage_is_not_lost() -> None:
    frames = InFlight()
    frames.add(SentFrame(1, 0.0, 800.0))
    assert frames.drop_lost(-1.0, 5.0) == []
    assert len(frames) == 1


def test_the_ledger_is_bounded() -> None:
    frames = InFlight()
    for sequence in range(3 * MOST_FRAMES):
        frames.add(SentFrame(sequence, float(sequence) * 1e-3, 8.0))
    assert len(frames) == MOST_FRAMES


def test_a_frame_of_many_datagrams_is_lost_more_often_than_one_of_few() -> None:
    """A tenth of the datagrams lost: frames of one survive 0.9, of four 0.9 to the fourth."""
    frames = InFlight()
    outcomes = random.Random(1)
    for sequence in range(2000):
        frames.add(SentFrame(sequence, 0.1 * sequence, 4 * 9600.0))
        if outcomes.random() < 0.9 ** 4:
            frames.take(sequence)
            frames.drop_lost(0.1 * sequence, 0.1 * sequence + 1.0)
    assert frames.survival(9600.0) == pytest.approx(0.9, abs=0.04)
    assert frames.survival(4 * 9600.0) == pytest.approx(0.9 ** 4, abs=0.12)
    assert frames.survival(100.0) == frames.survival(9600.0)


def test_without_loss_every_size_survives() -> None:
    frames = InFlight()
    frames.add(SentFrame(1, 0.0, 800.0))
    frames.take(1)
    assert frames.survival(1e6) == 1.0


def test_an_outage_counts_as_one_loss() -> None:
    frames, other = InFlight(), InFlight()
    for sequence in range(20):
        frames.add(SentFrame(sequence, 0.1 * sequence, 800.0))
    other.add(SentFrame(0, 0.0, 800.0))
    assert len(frames.drop_lost(2.0, 3.0)) == 20
    assert len(other.drop_lost(2.0, 3.0)) == 1
    assert frames.loss == other.loss


def test_a_link_that_nothing_is_known_of_is_not_trusted_at_once() -> None:
    frames = InFlight()
    first = frames.lasting_survival(9600.0)
    assert first < 0.96
    assert frames.survival(9600.0) == 1.0
    for sequence in range(60):
        frames.add(SentFrame(sequence, 0.1 * sequence, 9600.0))
        frames.take(sequence)
    assert frames.lasting_survival(9600.0) > 0.98

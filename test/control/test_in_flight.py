from slim_split_ros.control.in_flight import MOST_FRAMES, InFlight, SentFrame


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

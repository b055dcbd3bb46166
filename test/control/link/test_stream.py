"""What the next frame of the video would need is known to be there, or known not to be."""

from slim_split_ros.control.link.arrivals import LinkReportData
from slim_split_ros.control.link.in_flight import Delivery, SentFrame
from slim_split_ros.control.link.stream import MOST_BETWEEN, VideoStream

RESPONSE_S = 0.025


def survival(bits: float) -> float:
    return 0.9


def stream_of(*sequences: int) -> VideoStream:
    """Give a stream whose first frame is alone, sent at 10 frames/s."""
    stream = VideoStream()
    for sequence in sequences:
        stream.on_sent(SentFrame(sequence, sequence / 10.0, 8000.0), 320,
                       is_alone=sequence == sequences[0])
    return stream


def report(stream: VideoStream, *arrived: int, decoded: int | None, sent_s: float) -> None:
    """Report arrivals, each 20 ms after its frame was sent, and what was decoded."""
    deliveries = [Delivery(sequence, 8000.0, sequence / 10.0, sequence / 10.0,
                           sequence / 10.0 + 0.02, 0.04, sequence / 10.0 + 0.02, 1e6)
                  for sequence in arrived]
    stream.on_report(deliveries, (), LinkReportData(1, 1, sent_s, (), decoded), RESPONSE_S)


def test_before_the_first_frame_nothing_can_be_leaned_on() -> None:
    stream = VideoStream()
    assert stream.long_side is None
    assert stream.chance_intact(survival) == 0.0


def test_each_frame_that_is_not_known_to_have_arrived_may_be_lost() -> None:
    stream = stream_of(0, 1, 2)
    assert stream.chance_intact(survival) == 0.9 ** 3
    report(stream, 0, 1, decoded=1, sent_s=0.2)
    assert stream.chance_intact(survival) == 0.9


def test_a_gap_in_the_arrivals_ends_the_stream_at_once() -> None:
    stream = stream_of(0, 1, 2)
    report(stream, 0, 2, decoded=0, sent_s=0.22)
    assert stream.long_side is None


def test_a_later_frame_of_another_coder_tells_of_a_gap_too() -> None:
    stream = stream_of(0, 1)
    stream.on_other_sent()
    report(stream, 0, 2, decoded=2, sent_s=0.22)
    assert stream.long_side is None


def test_a_new_beginning_does_not_care_for_what_was_lost_before() -> None:
    stream = stream_of(0, 1)
    stream.on_sent(SentFrame(2, 0.2, 8000.0), 480, is_alone=True)
    report(stream, 2, decoded=2, sent_s=0.25)
    assert (stream.long_side, stream.chance_intact(survival)) == (480, 1.0)


def test_a_server_that_decodes_nothing_of_what_arrived_ends_the_stream() -> None:
    stream = stream_of(0, 1)
    report(stream, 0, 1, decoded=None, sent_s=0.13)
    assert stream.long_side == 320      # it may be about to
    report(stream, decoded=None, sent_s=0.4)
    assert stream.long_side is None


def test_a_frame_that_was_coded_and_not_sent_makes_the_next_alone() -> None:
    stream = stream_of(0)
    stream.on_encoded()
    assert stream.long_side is None
    stream.on_sent(SentFrame(1, 0.1, 8000.0), 320, is_alone=True)
    assert stream.long_side == 320


def test_after_many_frames_of_another_coder_the_picture_is_another() -> None:
    stream = stream_of(0)
    for _ in range(MOST_BETWEEN):
        stream.on_other_sent()
    assert stream.long_side == 320
    stream.on_other_sent()
    assert stream.long_side is None

from slim_split_ros.control.link.overuse import OveruseDetector, Signal


def signals(growth_s: float, count: int = 60) -> list[Signal]:
    detector = OveruseDetector()
    return [detector.add(index * 0.033, 500.0 + index * (0.033 + growth_s))
            for index in range(count)]


def test_a_steady_path_is_normal() -> None:
    assert set(signals(0.0)) == {Signal.NORMAL}


def test_a_growing_queue_is_overuse() -> None:
    assert Signal.OVERUSE in signals(0.02)


def test_a_draining_queue_is_underuse() -> None:
    assert Signal.UNDERUSE in signals(-0.02)


def test_a_pause_of_the_sender_is_no_signal() -> None:
    detector = OveruseDetector()
    detector.add(0.0, 500.0)
    assert detector.add(10.0, 515.0) is Signal.NORMAL

"""Tests of the mailbox and its worker."""

from __future__ import annotations

from threading import Event, Timer

from slim_split_ros.ros.process.worker import Mailbox, Worker
from support.processes import wait_until

LIMIT_S = 60.0


def test_a_full_mailbox_drops_the_older_item_and_says_so() -> None:
    box: Mailbox[int] = Mailbox()
    assert [box.put(item) for item in range(3)] == [None, 0, 1]
    assert box.take() == 2


def test_a_closed_mailbox_wakes_its_consumer_and_gives_up_what_waits() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(1)
    box.close()
    assert box.take() is None


def test_a_worker_serves_the_item_after_one_that_failed() -> None:
    box: Mailbox[int] = Mailbox()
    served: list[int] = []
    failures: list[Exception] = []

    def serve(item: int) -> None:
        if item == 1:
            raise ValueError('item 1')
        served.append(item)

    worker = Worker(box, serve, failures.append)
    worker.start()
    box.put(1)
    wait_until(lambda: failures, LIMIT_S, 'failing')
    box.put(2)
    wait_until(lambda: served == [2], LIMIT_S, 'serving')
    worker.stop()
    assert [str(error) for error in failures] == ['item 1']


def test_a_slow_worker_serves_the_newest_item_next() -> None:
    box: Mailbox[int] = Mailbox()
    served: list[int] = []
    has_begun, may_end = Event(), Event()

    def serve(item: int) -> None:
        served.append(item)
        has_begun.set()
        may_end.wait(LIMIT_S)

    worker = Worker(box, serve, lambda error: None)
    worker.start()
    box.put(0)
    assert has_begun.wait(LIMIT_S)
    assert [box.put(item) for item in (1, 2, 3)] == [None, 1, 2]
    may_end.set()
    wait_until(lambda: len(served) == 2, LIMIT_S, 'serving')
    worker.stop()
    assert served == [0, 3]


def test_stopping_waits_for_the_item_in_hand() -> None:
    box: Mailbox[int] = Mailbox()
    has_begun, may_end, ended = Event(), Event(), []

    def serve(item: int) -> None:
        has_begun.set()
        may_end.wait(LIMIT_S)
        ended.append(item)

    worker = Worker(box, serve, lambda error: None)
    worker.start()
    box.put(5)
    assert has_begun.wait(LIMIT_S)
    Timer(0.2, may_end.set).start()
    worker.stop()
    assert ended == [5]


def test_a_new_worker_waits_for_what_the_former_still_has_in_hand() -> None:
    former_box: Mailbox[int] = Mailbox()
    box: Mailbox[int] = Mailbox()
    has_begun, may_end, done = Event(), Event(), []

    def serve_slowly(item: int) -> None:
        has_begun.set()
        may_end.wait(LIMIT_S)
        done.append(item)

    former = Worker(former_box, serve_slowly, lambda error: None)
    former.start()
    former_box.put(1)
    assert has_begun.wait(LIMIT_S)
    former.stop()  # gives up waiting
    worker = Worker(box, done.append, lambda error: None, former=former)
    worker.start()
    box.put(2)
    Timer(0.2, may_end.set).start()
    wait_until(lambda: len(done) == 2, LIMIT_S, 'serving')
    worker.stop()
    assert done == [1, 2]


def test_a_held_item_is_taken_again_once_released() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.hold(1) is None
    box.release()
    assert box.take() == 1
    box.release()
    box.put(2)
    assert box.take() == 2


def test_a_closed_mailbox_holds_nothing() -> None:
    box: Mailbox[int] = Mailbox()
    box.close()
    assert box.hold(1) == 1


def test_a_newer_item_takes_the_place_of_a_held_one() -> None:
    box: Mailbox[int] = Mailbox()
    box.hold(1)
    assert box.put(2) == 1
    box.release()
    assert box.take() == 2


def test_an_item_is_not_held_while_a_newer_one_waits() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(2)
    assert box.hold(1) == 1
    assert box.take() == 2

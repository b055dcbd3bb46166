"""
Slow work away from the executor: a mailbox of one place, and a worker that empties it.

No queue grows and nothing waits for ever: a consumer that is too slow loses the older item, and
the producer is told which.
"""

from collections.abc import Callable
from threading import Condition, Thread
from typing import Generic, TypeVar

Item = TypeVar('Item')

_JOIN_LIMIT_S = 2.0


class Mailbox(Generic[Item]):
    """
    Hold the newest item for one consumer.

    >>> box = Mailbox()
    >>> box.put('old'), box.put('new'), box.take()
    (None, 'old', 'new')
    """

    def __init__(self) -> None:
        self._item: Item | None = None
        self._held: Item | None = None
        self._changed = Condition()
        self._is_closed = False

    def put(self, item: Item) -> Item | None:
        """Add an item and return the older one that had to go, None if there was room."""
        with self._changed:
            displaced = self._held if self._item is None else self._item
            self._item, self._held = item, None
            self._changed.notify()
        return displaced

    def hold(self, item: Item) -> Item | None:
        """
        Keep an item that was taken until `release`.

        Give it back if a newer one waits, or if nobody would take it any more.
        """
        with self._changed:
            if self._item is not None or self._is_closed:
                return item
            self._held = item
        return None

    def release(self) -> None:
        """Let the consumer take the held item again, if there is one."""
        with self._changed:
            if self._held is not None:
                self._item, self._held = self._held, None
                self._changed.notify()

    def take(self) -> Item | None:
        """Wait for the item; None once the mailbox is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._is_closed)
            taken, self._item = self._item, None
            return None if self._is_closed else taken

    def close(self) -> Item | None:
        """Wake the consumer for good, and return the item that waited and is given up."""
        with self._changed:
            self._is_closed = True
            left, self._item, self._held = self._item or self._held, None, None
            self._changed.notify_all()
        return left


class Worker(Generic[Item]):
    """
    Serve a mailbox in one thread of its own, one item after the other.

    `on_failure` gets what `serve` raises; the next item is served all the same. Serves nothing
    before `former`, a worker that was stopped, is done with its item in hand.
    """

    def __init__(
        self,
        mailbox: Mailbox[Item],
        serve: Callable[[Item], None],
        on_failure: Callable[[Exception], None],
        former: 'Worker[Item] | None' = None,
    ) -> None:
        self._mailbox = mailbox
        self._serve = serve
        self._on_failure = on_failure
        self._former = former and (former._thread if former._thread.is_alive() else former._former)
        self._thread = Thread(target=self._run, name='worker', daemon=True)

    def start(self) -> None:
        """Start serving; items put before are kept."""
        self._thread.start()

    def stop(self) -> None:
        """Close the mailbox and wait, for a limited time, until the item in hand is done."""
        self._mailbox.close()
        if self._thread.is_alive():
            self._thread.join(_JOIN_LIMIT_S)

    def _run(self) -> None:
        if self._former is not None:
            self._former.join()
        while (item := self._mailbox.take()) is not None:
            try:
                self._serve(item)
            except Exception as error:  # the border of the thread: a frame fails, never the node
                self._on_failure(error)

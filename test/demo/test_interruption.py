"""Are signals noted while the context is open, and left alone afterwards?"""

import os
import signal

import pytest

from slim_split_ros.demo.errors import DemoError
from slim_split_ros.demo.interruption import Interruption

pytestmark = pytest.mark.timed


@pytest.fixture(autouse=True)
def heeded_signals():
    """Heed the signals, even if this test run was put into the background."""
    before = {number: signal.signal(number, signal.SIG_DFL)
              for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_is_noted_without_breaking_anything(number):
    with Interruption() as interruption:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)

        with pytest.raises(DemoError, match='interrupted before it was done'):
            interruption.check()


def test_handlers_of_before_are_back_afterwards():
    before = signal.getsignal(signal.SIGINT)

    with Interruption() as interruption:
        assert signal.getsignal(signal.SIGINT) != before

    assert signal.getsignal(signal.SIGINT) == before
    interruption.check()


def test_signal_that_was_ignored_stays_so():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGHUP)

    interruption.check()

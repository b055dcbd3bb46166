"""Do the examples of the room run?"""

import doctest

from slim_split_ros.reports import page


def test_examples_run():
    assert doctest.testmod(page).failed == 0

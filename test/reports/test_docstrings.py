"""Do the examples of the room run?"""

import doctest

from slim_split_ros.reports import page, text_table


def test_examples_run():
    assert not doctest.testmod(page).failed + doctest.testmod(text_table).failed

import pytest

from slim_split_ros.wire.errors import FieldError
from slim_split_ros.wire.fields import check_time


def test_a_time_keeps_every_nanosecond():
    assert check_time('stamp', 2**31 - 1, 999_999_999) == 2_147_483_647_999_999_999


@pytest.mark.parametrize(('seconds', 'nanoseconds', 'complaint'), [
    (0, 10**9, r'stamp\.nanosec is 1000000000, must be 0 to 999999999'),
    (0, 2**32 - 1, r'stamp\.nanosec is 4294967295'),
    (-1, 0, r'stamp\.sec is -1, must be 0 to 2147483647'),
    (2**31, 0, r'stamp\.sec is 2147483648'),
    (0, 0.5, r'stamp\.nanosec is 0\.5'),
    ('x', 0, r"stamp\.sec is 'x'"),
])
def test_a_time_that_is_none_is_refused(seconds, nanoseconds, complaint):
    with pytest.raises(FieldError, match=complaint):
        check_time('stamp', seconds, nanoseconds)

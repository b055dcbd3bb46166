from array import array
import math
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from slim_split_ros.wire.errors import FieldError, WireError
from slim_split_ros.wire.report import MOST_ARRIVALS, ReceivedReport, read_arrivals

GOOD = {'sender_start_ns': 1, 'report_sequence': 2, 'receiver_id': 3, 'sent_s': 4.0,
        'arrivals': ()}
ENTRY = {'sequence': 7, 'arrival_s': 0.5, 'message_bytes': 900, 'server_ms': 25.0}


def arrays(**changes):
    """Return the arrays of one good entry before one with changes."""
    changed = ENTRY | changes
    return {name: [ENTRY[name], changed[name]] for name in ENTRY}


def test_entries_are_read_in_order():
    read = read_arrivals(
        array('I', [4, 5]), array('d', [1.5, 2.0]), array('I', [900, 950]),
        array('f', [25.0, math.nan]))

    assert [(a.sequence, a.arrival_s, a.message_bytes) for a in read] == [
        (4, 1.5, 900), (5, 2.0, 950)]
    assert read[0].server_ms == 25.0
    assert math.isnan(read[1].server_ms)


def test_a_report_without_arrivals_is_one():
    assert read_arrivals([], [], [], []) == ()


def test_of_many_entries_only_the_newest_are_looked_at():
    count = 300_000
    columns = (array('I', range(count)), array('d', bytes(8 * count)),
               array('I', [1]) * count, array('f', bytes(4 * count)))
    tracemalloc.start()

    read = read_arrivals(*columns)

    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()
    assert [arrival.sequence for arrival in read] == list(range(count - MOST_ARRIVALS, count))


@pytest.mark.parametrize(('lengths'), [(3, 2, 1, 5), (1, 1, 1, 0), (0, 0, 70, 0)])
def test_arrays_of_unequal_length_are_refused_with_their_lengths(lengths):
    with pytest.raises(FieldError, match=r'have \[\d, \d, \d+, \d\] entries, must have as many'):
        read_arrivals(*([1] * length for length in lengths))


@pytest.mark.parametrize(('field', 'value'), [
    ('sequence', -1), ('sequence', 2**32), ('sequence', 1.0),
    ('arrival_s', math.nan), ('arrival_s', math.inf), ('arrival_s', -0.1), ('arrival_s', 1e300),
    ('message_bytes', 0), ('message_bytes', -5), ('message_bytes', 2**32),
    ('server_ms', -1.0), ('server_ms', math.inf), ('server_ms', 1e9), ('server_ms', None),
])
def test_an_entry_out_of_range_is_refused_by_field_and_value(field, value):
    name = 'bytes' if field == 'message_bytes' else field

    with pytest.raises(FieldError, match=rf'{name} is {value}'.replace('+', r'\+')):
        read_arrivals(**arrays(**{field: value}))


@pytest.mark.parametrize(('field', 'value'), [
    ('sender_start_ns', -1), ('report_sequence', 2**32), ('receiver_id', 2**64),
    ('receiver_id', -1), ('sent_s', math.nan), ('sent_s', -1.0), ('sent_s', math.inf),
    ('sent_s', 1e30), ('decoded_sequence', -2), ('decoded_sequence', 2**32),
    ('decoded_sequence', 1.0),
])
def test_a_report_out_of_range_is_refused(field, value):
    with pytest.raises(FieldError, match=field.removesuffix('_ns')):
        ReceivedReport(**GOOD | {field: value})


ANYTHING = st.one_of(
    st.integers(), st.integers(0, 2**33), st.floats(), st.floats(0, 1e6), st.none(), st.text())


@given(st.lists(st.lists(ANYTHING, max_size=3), min_size=4, max_size=4))
@settings(deadline=None, max_examples=400)
def test_any_arrays_give_sound_arrivals_or_a_wire_error(columns):
    try:
        read = read_arrivals(*columns)
    except WireError:
        return
    for arrival in read:
        assert math.isfinite(arrival.arrival_s) and arrival.message_bytes > 0
        assert math.isnan(arrival.server_ms) or arrival.server_ms >= 0.0


@given(st.dictionaries(st.sampled_from(
    sorted(GOOD.keys() - {'arrivals'} | {'decoded_sequence'})), ANYTHING))
@settings(deadline=None, max_examples=300)
def test_any_fields_give_a_report_or_a_wire_error(fields):
    try:
        report = ReceivedReport(**GOOD | fields)
    except WireError:
        return
    assert math.isfinite(report.sent_s)

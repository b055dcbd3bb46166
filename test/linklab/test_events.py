import doctest

from slim_split_ros.linklab import Events, events


def test_the_example_of_the_module_holds() -> None:
    assert doctest.testmod(events).failed == 0


def test_what_is_due_at_one_time_happens_as_it_was_planned() -> None:
    happened: list[str] = []
    planned = Events()
    planned.push(1.0, lambda now_s: planned.push(now_s, lambda _: happened.append('third')))
    for name in ('first', 'second'):
        planned.push(1.0, lambda _, name=name: happened.append(name))
    planned.run()
    assert happened == ['first', 'second', 'third']

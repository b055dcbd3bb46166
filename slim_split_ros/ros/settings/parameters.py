"""
How a node's parameters are declared, snapped, checked together and read: one table a node.

The table is a frozen dataclass whose fields are made by `parameter`; it is also the snapshot
that a frame works with. Which parameters there are stands in `*_parameters.py`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
import math
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    ParameterType,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException
from rclpy.node import Node
from rclpy.parameter import Parameter

from slim_split_ros.ros.errors import SettingError, StartError

Value = bool | int | float | str
Settings = TypeVar('Settings')
# A node that does not start by itself may be given another model before it is configured.
_AUTOSTART = 'autostart'
# Of a step, behind the point.
_DIGITS = 9
# How alike a name has to be to one of the node's to be taken for a slip.
_ALIKE = 0.7
# Share of a range by which the value of a file may be beside a step.
_ROUNDING = 0.01


@dataclass(frozen=True, slots=True)
class Rule:
    """Describe one parameter for people and for the tools that draw sliders."""

    description: str
    low: float | None
    high: float | None
    step: float
    choices: tuple[str, ...]
    read_only: bool
    example: str


def parameter(
    default: Value,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    step: float = 0.0,
    choices: Sequence[str] = (),
    read_only: bool = False,
    example: str = '',
) -> Any:
    """
    Make a field of a parameter table; ranges include both ends, and have a step.

    What is empty by default needs an example, because no command line can give it as nothing.
    """
    rule = Rule(description, low, high, step, tuple(choices), read_only, example)
    return field(default=default, metadata={'rule': rule})


def allowed_values(rule: Rule) -> str:
    """Say which values a rule allows, for people; empty where any will do."""
    if rule.choices:
        return ', '.join(rule.choices)
    if rule.low is None or rule.high is None:
        return ''
    step = f', step {rule.step:g}' if rule.step else ''
    return f'{rule.low:.10g} to {rule.high:.10g}{step}'


def describe(rule: Rule) -> str:
    """Give the description of a parameter with what it may be."""
    allowed = allowed_values(rule)
    return f'{rule.description} ({allowed})' if allowed else rule.description


class LiveParameters(Generic[Settings]):
    """
    Declare a table on a node and keep the newest valid snapshot of it.

    Numbers are snapped to the nearest step of their range before anything is checked, because a
    slider has other positions. A change is checked together with every other value: the table's
    `__post_init__` raises SettingError. What is refused is also a warning in the log. `current`
    is swapped whole, so a frame that reads it once sees one state.

    `follow` gives the parameters that move along with those of a request, so that a slider which
    is dragged past another is not refused.

    What is read-only can be set while `is_open`, where the node does not start by itself.
    """

    def __init__(
        self, node: Node, table: type[Settings],
        follow: Callable[[Settings, Mapping[str, Value]], Mapping[str, Value]] | None = None,
    ) -> None:
        self._node = node
        self._items = {item.name: item for item in fields(table)}
        self._follow = follow
        self._known: dict[str, tuple[float, ...]] = {}
        self._listeners: list[Callable[[Settings, Settings], None]] = []
        starts_itself = True
        values = {}
        for item in sorted(fields(table), key=lambda item: item.name != _AUTOSTART):
            values[item.name] = _declare(node, item, is_fixed=starts_itself)
            starts_itself = values.get(_AUTOSTART, True)
        self.is_open = not starts_itself
        try:
            self._current = table(**values)
        except SettingError as error:
            raise StartError(f'parameters: {error}') from error
        _warn_of_slips(node, self._items)
        node.add_pre_set_parameters_callback(self._prepare)
        node.add_on_set_parameters_callback(self._check)
        node.add_post_set_parameters_callback(self._swap)

    @property
    def current(self) -> Settings:
        """The snapshot in force; immutable."""
        return self._current

    def snap(self, name: str, values: Iterable[float]) -> None:
        """From now on take the nearest of these values for any other in the range."""
        rule: Rule = self._items[name].metadata['rule']
        self._known[name] = tuple(sorted(
            value for value in values if rule.low <= value <= rule.high))
        if any(_on_grid(value, rule) != value for value in self._known[name]):
            # rclpy would refuse what lies beside the step.
            descriptor = _descriptor(self._items[name])
            descriptor.name, descriptor.type = name, ParameterType.PARAMETER_DOUBLE
            descriptor.floating_point_range[0].step = 0.0
            self._node.set_descriptor(name, descriptor)

    def forget_snapping(self) -> None:
        """Take the steps of the ranges again, whatever `snap` said."""
        self._known.clear()

    def on_change(self, listener: Callable[[Settings, Settings], None]) -> None:
        """Call listener(old, new) after every accepted change, in the executor's thread."""
        self._listeners.append(listener)

    def _prepare(self, changes: list[Parameter]) -> list[Parameter]:
        """Snap a request before rclpy checks it, and complete it by what moves along."""
        prepared = [self._snapped(change) for change in changes]
        refusal = self._why_wrong(prepared)
        if not refusal and self._follow is not None:
            along = self._follow(self._current, self._ours(prepared))
            prepared += [Parameter(name, value=value) for name, value in along.items()]
        refusal = refusal or self._why_refused(prepared)
        if refusal:
            self._node.get_logger().warning(f'refused: {refusal}')
        elif moved := prepared[len(changes):]:
            asked, along = (
                ', '.join(f'{change.name} {change.value}' for change in some)
                for some in (prepared[:len(changes)], moved))
            self._node.get_logger().info(f'with {asked} moves along: {along}')
        return prepared

    def _check(self, changes: list[Parameter]) -> SetParametersResult:
        refusal = self._why_wrong(changes) or self._why_refused(changes)
        return SetParametersResult(successful=not refusal, reason=refusal)

    def _swap(self, changes: list[Parameter]) -> None:
        old, new = self._current, replace(self._current, **self._ours(changes))
        if new != old:
            self._current = new
            for listener in self._listeners:
                listener(old, new)

    def _snapped(self, change: Parameter) -> Parameter:
        item = self._items.get(change.name)
        if item is None:
            return change
        value = _as_declared(item.default, change.value)
        if _is_in_range(value, item):
            # 0 means something of its own: only what is less than half a step is meant for it.
            rule = item.metadata['rule']
            known = [other for other in self._known.get(change.name, ())
                     if other or value < rule.step / 2]
            value = min(known, key=lambda other: abs(other - value)) if known else _on_grid(
                value, rule)
        # Unchanged where nothing has to change: its type may be none that a value tells.
        return change if value is change.value else Parameter(change.name, value=value)

    def _why_wrong(self, changes: list[Parameter]) -> str:
        """Give a sentence on values that nothing can follow; rclpy will refuse them."""
        for name, value in self._ours(changes).items():
            item = self._items[name]
            if item.metadata['rule'].read_only and not self.is_open:
                if value == getattr(self._current, name):
                    continue  # a dump of this node, loaded again; rclpy refuses it all the same
                return f'{name} is read-only: give it when the node starts, or, with autostart ' \
                       'false, while it is unconfigured'
            if type(value) is not type(item.default):
                return f'{name} is {value!r:.60}: give it as {_type_name(item.default)}'
            if problem := _problem(name, value, item.metadata['rule']):
                return problem
        return ''

    def _why_refused(self, changes: list[Parameter]) -> str:
        try:
            replace(self._current, **self._ours(changes))
        except SettingError as error:
            return str(error)
        return ''

    def _ours(self, changes: list[Parameter]) -> dict[str, Value]:
        return {change.name: change.value for change in changes if change.name in self._items}


def check_rules(settings: Any) -> None:
    """
    Raise SettingError for a value that breaks its own rule.

    rclpy checks ranges as well, but lets NaN pass and knows nothing of choices.
    """
    for item in fields(settings):
        problem = _problem(item.name, getattr(settings, item.name), item.metadata['rule'])
        if problem:
            raise SettingError(problem)


def _problem(name: str, value: Value, rule: Rule) -> str:
    """Return a sentence, empty for a good value."""
    if rule.choices and value not in rule.choices:
        return f'{name} is {value!r}: choose one of {", ".join(rule.choices)}'
    if rule.low is None or rule.high is None:
        return ''
    if not (math.isfinite(value) and rule.low <= value <= rule.high):
        return f'{name} is {value}: it must lie between {rule.low} and {rule.high}'
    return ''


def _declare(node: Node, item: Any, is_fixed: bool) -> Value:
    """
    Declare a parameter and return its value, rounded to its step: 29.97 frames/s are 30.0.

    Where the step leaves few values, another one is a mistake: width 0.3 is a StartError.
    """
    rule: Rule = item.metadata['rule']
    try:
        given = node.declare_parameter(item.name, item.default).value
    except InvalidParameterTypeException as error:
        example = rule.example or item.default
        remedy = f'give it as {_type_name(item.default)}, such as {item.name}:={example}'
        raise StartError(f'parameter {item.name} has the wrong type: {remedy}') from error
    problem = _problem(item.name, given, rule)
    if problem:
        raise StartError(f'parameter {problem}')
    value = _on_grid(given, rule) if _is_in_range(given, item) else given
    if value != given and abs(value - given) > _ROUNDING * (rule.high - rule.low):
        raise StartError(
            f'parameter {item.name} is {given}: it must be one of {allowed_values(rule)}')
    # Again with its range, which rclpy would have checked without snapping.
    node.undeclare_parameter(item.name)
    node.declare_parameter(
        item.name, value, _descriptor(item, is_fixed), ignore_override=True)
    return value


def _warn_of_slips(node: Node, names: Collection[str]) -> None:
    """Name parameters that were given and are none, where one of the node's was meant."""
    # Nobody but rclpy knows them. Others may belong to another node of the same file.
    for given in getattr(node, '_parameter_overrides', ()):
        alike = get_close_matches(given, names, n=1, cutoff=_ALIKE)
        if alike and not node.has_parameter(given):
            node.get_logger().warning(
                f'parameter {given} is not known and changes nothing: did you mean {alike[0]}?')


def _descriptor(item: Any, is_fixed: bool = True) -> ParameterDescriptor:
    rule: Rule = item.metadata['rule']
    descriptor = ParameterDescriptor(
        description=describe(rule), read_only=rule.read_only and is_fixed,
        additional_constraints=allowed_values(rule) if rule.choices else '')
    if rule.low is not None and rule.high is not None:
        _add_range(descriptor, item.default, rule)
    return descriptor


def _add_range(descriptor: ParameterDescriptor, default: Value, rule: Rule) -> None:
    ends: Mapping[str, float] = {
        'from_value': rule.low, 'to_value': rule.high, 'step': rule.step}
    if isinstance(default, float):
        descriptor.floating_point_range = [FloatingPointRange(**ends)]
    else:
        descriptor.integer_range = [IntegerRange(**ends)]


def _type_name(default: Value) -> str:
    names = {bool: 'true or false', int: 'a whole number', float: 'a number with a point'}
    return names.get(type(default), 'text')


def _as_declared(default: Value, value: Any) -> Any:
    """Take 1 for 1.0 and the other way round: `ros2 param set /onboard width 1` sends 1."""
    kinds = {type(default), type(value)}
    if kinds != {int, float} or not math.isfinite(value):
        return value
    converted = type(default)(value)
    return converted if converted == value else value


def _is_in_range(value: Any, item: Any) -> bool:
    rule: Rule = item.metadata['rule']
    return (rule.step > 0.0 and type(value) is type(item.default)
            and rule.low <= value <= rule.high)


def _on_grid(value: float, rule: Rule) -> float:
    """Return the nearest step of a range, without the digits that binary fractions add."""
    steps = round((value - rule.low) / rule.step)
    return round(min(rule.high, rule.low + steps * rule.step), _DIGITS)

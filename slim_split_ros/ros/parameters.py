"""
Answer how a node's parameters are declared, checked together and read: one table a node.

The table is a frozen dataclass whose fields are made by `parameter`; it is also the snapshot
that a frame works with. Which parameters there are stands in `*_parameters.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
import math
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from slim_split_ros.ros.errors import SettingError, StartError

Value = bool | int | float | str
Settings = TypeVar('Settings')


@dataclass(frozen=True, slots=True)
class Rule:
    """Describe one parameter for people and for the tools that draw sliders."""

    description: str
    low: float | None
    high: float | None
    step: float
    choices: tuple[str, ...]
    read_only: bool


def parameter(
    default: Value,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    step: float = 0.0,
    choices: Sequence[str] = (),
    read_only: bool = False,
) -> Any:
    """Make a field of a parameter table; ranges include both ends."""
    rule = Rule(description, low, high, step, tuple(choices), read_only)
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

    A change is checked together with every other value: the table's `__post_init__` raises
    SettingError. `current` is swapped whole, so a frame that reads it once sees one state.
    """

    def __init__(self, node: Node, table: type[Settings]) -> None:
        self._defaults = {item.name: item.default for item in fields(table)}
        self._requirements: list[Callable[[Settings], None]] = []
        self._listeners: list[Callable[[Settings, Settings], None]] = []
        values = {item.name: _declare(node, item) for item in fields(table)}
        try:
            self._current = table(**values)
        except SettingError as error:
            raise StartError(f'parameters: {error}') from error
        node.add_pre_set_parameters_callback(self._convert_numbers)
        node.add_on_set_parameters_callback(self._check)
        node.add_post_set_parameters_callback(self._swap)

    @property
    def current(self) -> Settings:
        """The snapshot in force; immutable."""
        return self._current

    def require(self, check: Callable[[Settings], None]) -> None:
        """Refuse further changes for which check raises SettingError."""
        self._requirements.append(check)

    def on_change(self, listener: Callable[[Settings, Settings], None]) -> None:
        """Call listener(old, new) after every accepted change, in the executor's thread."""
        self._listeners.append(listener)

    def _convert_numbers(self, changes: list[Parameter]) -> list[Parameter]:
        # `ros2 param set /onboard width 1` sends an integer, which rclpy refuses for a double.
        return [_as_declared(self._defaults, change) for change in changes]

    def _check(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            wanted = self._merge(changes)
            for check in self._requirements:
                check(wanted)
        except SettingError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _swap(self, changes: list[Parameter]) -> None:
        old, new = self._current, self._merge(changes)
        if new != old:
            self._current = new
            for listener in self._listeners:
                listener(old, new)

    def _merge(self, changes: list[Parameter]) -> Settings:
        ours = {change.name: change.value for change in changes if change.name in self._defaults}
        return replace(self._current, **ours)


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


def _declare(node: Node, item: Any) -> Value:
    try:
        return node.declare_parameter(item.name, item.default, _descriptor(item)).value
    except InvalidParameterTypeException as error:
        remedy = f'give it as {_type_name(item.default)}, such as {item.name}:={item.default}'
        raise StartError(f'parameter {item.name} has the wrong type: {remedy}') from error
    except InvalidParameterValueException as error:
        limits = _limits(item.metadata['rule'])
        raise StartError(f'parameter {item.name} is refused: {limits} ({error})') from error


def _descriptor(item: Any) -> ParameterDescriptor:
    rule: Rule = item.metadata['rule']
    descriptor = ParameterDescriptor(
        description=describe(rule),
        read_only=rule.read_only,
        additional_constraints=_limits(rule) if rule.choices else '',
    )
    if rule.low is not None and rule.high is not None:
        _add_range(descriptor, item.default, rule)
    return descriptor


def _add_range(descriptor: ParameterDescriptor, default: Value, rule: Rule) -> None:
    limits: Mapping[str, float] = {
        'from_value': rule.low, 'to_value': rule.high, 'step': rule.step}
    if isinstance(default, float):
        descriptor.floating_point_range = [FloatingPointRange(**limits)]
    else:
        whole = {name: int(limit) for name, limit in limits.items()}
        descriptor.integer_range = [IntegerRange(**whole)]


def _limits(rule: Rule) -> str:
    if rule.choices:
        return f'choose one of {", ".join(rule.choices)}'
    steps = f' in steps of {rule.step}' if rule.step else ''
    return f'it must lie between {rule.low} and {rule.high}{steps}'


def _type_name(default: Value) -> str:
    names = {bool: 'true or false', int: 'a whole number', float: 'a number with a point'}
    return names.get(type(default), 'text')


def _as_declared(defaults: Mapping[str, Value], change: Parameter) -> Parameter:
    default = defaults.get(change.name)
    is_number = isinstance(change.value, (int, float)) and not isinstance(change.value, bool)
    if not is_number or type(default) not in (int, float) or type(default) is type(change.value):
        return change
    converted = type(default)(change.value) if math.isfinite(change.value) else change.value
    return Parameter(change.name, value=converted) if converted == change.value else change

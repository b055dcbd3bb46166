"""
Both nodes' lifecycle: configured, activated, deactivated and cleaned up, by themselves or by hand.

A transition that fails says why in the log and leaves the node as it was before.
"""

from collections.abc import Callable, Iterable
import ctypes
import gc
import traceback
from typing import Any

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_srvs.srv import SetBool

UNCONFIGURED, INACTIVE, ACTIVE, FINALIZED = 'unconfigured', 'inactive', 'active', 'finalized'
_SUCCESS = TransitionCallbackReturn.SUCCESS


class ManagedNode(LifecycleNode):
    """
    Be a node whose four transitions are `set_up`, `start`, `rest` and `tear_down`.

    Whatever publishers, subscriptions, timers and services `set_up` and `start` make, the node
    destroys when their opposite is done. `start_errors` are those whose text says what to do.
    """

    def __init__(self, name: str, start_errors: tuple[type[Exception], ...]) -> None:
        super().__init__(name)
        self._start_errors = start_errors
        self._state = UNCONFIGURED
        self._failure: Exception | None = None
        self._is_starting = False
        self._made: dict[str, list[Any]] = {}
        self.create_service(SetBool, '~/enable', self._on_enable)
        for service in self.services:
            if service.srv_type is ChangeState:
                self._change_state, service.callback = service.callback, self._on_change_state

    @property
    def state(self) -> str:
        """The state of the lifecycle, a word."""
        return self._state

    def set_up(self) -> None:
        """Load the model, and make what is there while inactive; raises why it cannot."""

    def start(self) -> None:
        """Begin to work; raises why it cannot."""

    def rest(self) -> None:
        """Stop working."""

    def tear_down(self) -> None:
        """Forget the model and all that belongs to it."""

    def start_by_itself(self) -> None:
        """Configure and activate; raises what kept it from that."""
        self._is_starting = True
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() != _SUCCESS:
                raise self._failure
        self._is_starting = False

    def stop(self) -> None:
        """Stop working before the end of the process, if it works."""
        if self._state == ACTIVE:
            self.rest()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Configure; rclpy calls it."""
        return self._make(self.set_up, INACTIVE, self.tear_down)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Activate; rclpy calls it."""
        return self._make(self.start, ACTIVE, self.rest)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Deactivate; rclpy calls it."""
        result = self._unmake(self.rest, ACTIVE, INACTIVE)
        self.get_logger().info(f'{self._state}: listening to nothing until it is activated')
        return result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Clean up; rclpy calls it."""
        result = self._unmake(self.tear_down, INACTIVE, UNCONFIGURED)
        give_memory_back()
        self.get_logger().info(f'{self._state}: no model until it is configured')
        return result

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give everything back for good, whatever the state; rclpy calls it."""
        if self._state == ACTIVE:
            self._unmake(self.rest, ACTIVE, INACTIVE)
        if self._state == INACTIVE:
            self._unmake(self.tear_down, INACTIVE, UNCONFIGURED)
            give_memory_back()
        self._state = FINALIZED
        return _SUCCESS

    def made_by(self, action: Callable[[], None]) -> list[Any]:
        """
        Do something, and return what publishers and the like it made, to `destroy` them.

        Where it raises, they are destroyed.
        """
        before = set(map(id, self._entities()))
        try:
            action()
        except Exception:
            self.destroy(entity for entity in self._entities() if id(entity) not in before)
            raise
        return [entity for entity in self._entities() if id(entity) not in before]

    def destroy(self, entities: Iterable[Any]) -> None:
        """Destroy those publishers, subscriptions, timers and services that are still there."""
        remaining = set(map(id, self._entities()))
        for entity in list(entities):
            if id(entity) in remaining:
                for destroy in (self.destroy_publisher, self.destroy_subscription,
                                self.destroy_timer, self.destroy_service):
                    if destroy(entity):
                        break

    def _make(
        self, action: Callable[[], None], goal: str, undo: Callable[[], None]
    ) -> TransitionCallbackReturn:
        before = set(map(id, self._entities()))
        try:
            action()
        except Exception as error:  # rclpy would swallow it, and end the lifecycle for good
            self._failure = error
            if not self._is_starting:
                self._explain_failure(error, goal)
            undo()
            self.destroy(entity for entity in self._entities() if id(entity) not in before)
            return TransitionCallbackReturn.FAILURE
        self._made[goal] = [
            entity for entity in self._entities() if id(entity) not in before]
        self._state = goal
        return _SUCCESS

    def _unmake(
        self, action: Callable[[], None], state: str, goal: str
    ) -> TransitionCallbackReturn:
        self.destroy(self._made.pop(state))
        action()
        self._state = goal
        return _SUCCESS

    def _entities(self) -> list[Any]:
        return [*self.publishers, *self.subscriptions, *self.timers, *self.services]

    def _explain_failure(self, error: Exception, goal: str) -> None:
        known = isinstance(error, self._start_errors)
        text = str(error) if known else ''.join(traceback.format_exception(error)).rstrip()
        self.get_logger().error(
            f'{self._state} as before, not {goal}: {text}. Mend this and try the transition again')

    def _on_change_state(
        self, request: ChangeState.Request, response: ChangeState.Response
    ) -> ChangeState.Response:
        try:
            return self._change_state(request, response)
        except RuntimeError as error:  # rcl's, and nobody's to catch: it would end the process
            asked = request.transition.label or request.transition.id
            self.get_logger().warning(
                f'transition {asked} is refused: the node is {self._state} ({error})')
            response.success = False
            return response

    def _on_enable(
        self, request: SetBool.Request, response: SetBool.Response
    ) -> SetBool.Response:
        """Go to active, or from there to inactive."""
        steps = {True: {UNCONFIGURED: (self.trigger_configure, self.trigger_activate),
                        INACTIVE: (self.trigger_activate,)},
                 False: {ACTIVE: (self.trigger_deactivate,)}}
        for trigger in steps[request.data].get(self._state, ()):
            try:
                is_made = trigger() == _SUCCESS
            except RuntimeError as error:  # rcl's, as above
                self._failure, is_made = error, False
            if not is_made:
                response.message = f'{self._state}: {self._failure}'
                return response
        response.success = self._state != FINALIZED
        response.message = self._state
        if self._state == FINALIZED:
            response.message += ': start the node again, nothing else makes it active'
        return response


def give_memory_back() -> None:
    """
    Return to the system what was freed.

    Left to glibc a server of 145 MB keeps 95 to 138 MB after cleanup; thus 57.
    """
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except AttributeError:  # another C library
        return

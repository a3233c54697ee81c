"""The engines of queues, streams and tables, in memory beside what is stored of them."""

import contextlib
from collections.abc import Iterator

from labs_lib.platform.errors import Refusal
from labs_lib.platform.queues import MessageQueue
from labs_lib.platform.streams import Stream
from labs_lib.platform.tables import KeyedTable
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.state import State


class Engines:
    """Engines by name, as far as they have been read from the file.

    Attributes
    ----------
    queues : dict of str to MessageQueue
    streams : dict of str to Stream
    tables : dict of str to KeyedTable
    """

    def __init__(self, state: State):
        self.queues: dict[str, MessageQueue] = {}
        self.streams: dict[str, Stream] = {}
        self.tables: dict[str, KeyedTable] = {}
        self._state = state
        self._rollbacks = state.rollbacks

    @contextlib.contextmanager
    def use(self) -> Iterator[None]:
        """Give all engines to one thread at a time.

        What could not be stored did not happen: the engines are then read from the file again.
        """
        # The state's own lock: whoever holds it may send an event to a queue.
        with self._state.locked():
            if self._rollbacks != self._state.rollbacks:
                self._forget()
            try:
                yield
            except (ApiError, Refusal):
                raise
            except BaseException:
                self._forget()
                raise

    def _forget(self) -> None:
        self._rollbacks = self._state.rollbacks
        self.queues.clear()
        self.streams.clear()
        self.tables.clear()

"""Ctrl-C while a migration runs: the statement is cancelled on the server, and the program learns how it ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from querynl.connections import Connection
from querynl.errors import QueryNLError

_SECONDS_BETWEEN_CANCELS = 0.2


class Interruption:
    """Whether Ctrl-C was pressed, and what it cancels: the statements of the migration, never the bookkeeping."""

    def __init__(self, connection: Connection) -> None:
        self.requested = False
        self._connection = connection
        self._running = False
        self._ended = threading.Event()
        # Held while the server is asked to cancel, so that the answer to one statement is not taken for another's.
        self._cancelling = threading.Lock()

    @contextmanager
    def cancellable(self) -> Iterator[None]:
        """Cancel what runs in the block when Ctrl-C is pressed; raises KeyboardInterrupt if it was before."""
        with self._cancelling:
            self._running = True
        try:
            if self.requested:
                raise KeyboardInterrupt
            yield
        finally:
            with self._cancelling:
                self._running = False

    def request(self, number: int, frame: FrameType | None) -> None:
        """The handler of the signal; the second time it raises KeyboardInterrupt at once."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        # In a thread of its own, for a handler that waits for a lock its own thread holds would wait forever.
        threading.Thread(target=self._cancel_until_ended, daemon=True).start()

    def end(self) -> None:
        self._ended.set()

    def _cancel_until_ended(self) -> None:
        """Again and again, for a statement that has not reached the server yet is not cancelled there."""
        while not self._ended.is_set():
            with self._cancelling:
                if self._running:
                    with suppress(QueryNLError):
                        self._connection.cancel()
            self._ended.wait(_SECONDS_BETWEEN_CANCELS)


@contextmanager
def interruptible(connection: Connection) -> Iterator[Interruption]:
    """During the block, turn the first Ctrl-C into a cancelled statement instead of a `KeyboardInterrupt`.

    A driver that is left in the middle of an answer cannot tell any more whether its statement ran; one whose
    statement was cancelled can. Only the main thread is told of signals, so in another thread nothing changes.
    """
    interruption = Interruption(connection)
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = signal.signal(signal.SIGINT, interruption.request)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)
        interruption.end()

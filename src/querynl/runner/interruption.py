"""Ctrl-C and SIGTERM while a migration runs: its statement is cancelled on the server, and how it ended is known."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from querynl.connections import Connection
from querynl.errors import QueryNLError, Terminated

_Handler = Callable[[int, FrameType | None], Any] | int | None

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SECONDS_BETWEEN_CANCELS = 0.2


class Interruption:
    """Whether the program was asked to end, and what that cancels: a migration's statements, never the bookkeeping.

    `kind` is the exception of the signal that asked.
    """

    def __init__(self, connection: Connection) -> None:
        self.requested = False
        self.kind = KeyboardInterrupt
        self._connection = connection
        # The handlers of the signals that are heard, as they were before.
        self._before: dict[int, _Handler] = {}
        self._at_work = self._running = False
        self._ended = threading.Event()
        # Held while the server is asked to cancel, so that the answer to one statement is not taken for another's.
        self._cancelling = threading.Lock()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """During the block, hear of Ctrl-C and SIGTERM first; outside `awaited`, they do what they did before.

        Only the main thread is told of signals, so in another thread nothing changes; nor does it for a signal that
        the process was started to ignore.
        """
        if threading.current_thread() is threading.main_thread():
            before = {number: signal.getsignal(number) for number in _SIGNALS}
            self._before = {
                number: handler for number, handler in before.items() if handler not in (None, signal.SIG_IGN)
            }
        try:
            for number in self._before:
                signal.signal(number, self._request)
            yield
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler)

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """During the block, turn the first Ctrl-C or SIGTERM into a cancelled statement instead of an exception.

        A driver that is left in the middle of an answer cannot tell any more whether its statement ran; one whose
        statement was cancelled can.
        """
        self._at_work = True
        try:
            yield
        finally:
            self._at_work = False
            if self.requested:
                self._ended.set()

    @contextmanager
    def cancellable(self) -> Iterator[None]:
        """Cancel what runs in the block when the program is asked to end; raises `kind` if it was before."""
        with self._cancelling:
            self._running = True
        try:
            if self.requested:
                raise self.kind
            yield
        finally:
            with self._cancelling:
                self._running = False

    def _request(self, number: int, frame: FrameType | None) -> None:
        """The handler of the signals; the second time it raises `kind` at once."""
        if not self._at_work:
            self._pass_on(number, frame)
            return
        if number == signal.SIGTERM:
            self.kind = Terminated
        if self.requested:
            raise self.kind
        self.requested = True
        # In a thread of its own, for a handler that waits for a lock its own thread holds would wait forever.
        threading.Thread(target=self._cancel_until_ended, daemon=True).start()

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        before = self._before[number]
        if callable(before):
            before(number, frame)
        else:
            signal.signal(number, before)
            signal.raise_signal(number)

    def _cancel_until_ended(self) -> None:
        """Again and again, for a statement that has not reached the server yet is not cancelled there."""
        while not self._ended.is_set():
            with self._cancelling:
                if self._running:
                    with suppress(QueryNLError):
                        self._connection.cancel()
            self._ended.wait(_SECONDS_BETWEEN_CANCELS)

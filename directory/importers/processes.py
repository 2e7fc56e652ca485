"""Other processes that do a part of the work beside this one. What they make comes in the order of what was given."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, Pipe
from queue import SimpleQueue
from typing import Any, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")

# Beyond so many, this process is what the others wait for.
_MOST = 3
# So much is given to each at once, that none ever waits; and so much may be ready before its turn.
_AHEAD, _READY = 2, 8
# Who searches meanwhile goes first.
_NICE = 19


def at_hand() -> int:
    """Return how many processes may help this one: one less than it has processors; none but on Linux.

    They are forked, so that they have what this one has read. A process with threads is not: a lock that one of them holds
    would stay locked for ever; nor are those of other systems, whose libraries may not bear it
    (https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods).
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return 0
    return min(len(os.sched_getaffinity(0)) - 1, _MOST)


def in_order(work: Callable[[Given], Made], given: Iterable[Given], count: int) -> Iterator[Made]:
    """Yield ``work`` of each thing given, in that order; done by ``count`` other processes, and by this one when all are busy.

    What is given and what is made is sent between them, so it must be fit for pickling. What another process does not
    return, because somebody ended it, is done here.
    """
    waiting: deque[tuple[Given, _Process | Made]] = deque()
    with ExitStack() as stack:
        others = [_Process.started(work, stack) for _ in range(count)]

        def first() -> Made:
            each, done = waiting.popleft()
            if not isinstance(done, _Process):
                return done
            made = done.next()
            return work(each) if made is None else made[0]

        for each in given:
            free = next((other for other in others if other.is_free()), None)
            waiting.append((each, free if free is not None and free.send(each) else work(each)))
            while waiting and (len(waiting) > count * _READY or _is_ready(waiting[0][1])):
                yield first()
        while waiting:
            yield first()


def _is_ready(done: Any) -> bool:
    return not isinstance(done, _Process) or done.has_made()


@dataclass(slots=True)
class _Process:
    """Another process as this one sees it: what it was given comes back in that order."""

    connection: Connection[Any, Any]
    at_work: int = 0
    is_gone: bool = False
    made: deque[Any] = field(default_factory=deque)

    @classmethod
    def started(cls, work: Callable[[Any], Any], stack: ExitStack) -> _Process:
        """Return a process that does ``work`` until the stack is closed."""
        ours, theirs = Pipe()
        process = get_context("fork").Process(target=_serve, args=(work, theirs, ours), daemon=True)
        process.start()
        theirs.close()
        stack.callback(process.join)
        stack.callback(ours.close)
        return cls(ours)

    def is_free(self) -> bool:
        """Return whether it has too little to do."""
        self._take()
        return self.at_work < _AHEAD and not self.is_gone

    def has_made(self) -> bool:
        """Return whether ``next`` need not wait."""
        self._take()
        return bool(self.made) or self.is_gone

    def send(self, given: Any) -> bool:
        """Give it something to do; return whether it is there to do it."""
        try:
            self.connection.send(given)
        except OSError:
            self.is_gone = True
            return False
        self.at_work += 1
        return True

    def next(self) -> tuple[Any] | None:
        """Return the next thing it made, None when it is gone."""
        while not self.made and not self.is_gone:
            self._receive()
        return (self.made.popleft(),) if self.made else None

    def _take(self) -> None:
        while not self.is_gone and self.at_work and self.connection.poll():
            self._receive()

    def _receive(self) -> None:
        try:
            made = self.connection.recv()
        except (EOFError, OSError):
            self.is_gone = True
            return
        self.at_work -= 1
        if isinstance(made, _Failed):
            raise made.error
        self.made.append(made)


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


def _serve(work: Callable[[Any], Any], connection: Connection[Any, Any], parents: Connection[Any, Any]) -> None:
    """Do what comes over a connection until its other end is closed, by whoever or whatever closes it."""
    parents.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICE)
    given: SimpleQueue[Any] = SimpleQueue()
    # All is read as it comes: else both might wait for ever for the other one to read.
    threading.Thread(target=_listen, args=(connection, given), daemon=True).start()
    with suppress(OSError):
        while True:
            try:
                made = work(given.get())
            except Exception as error:
                made = _Failed(error)
            connection.send(made)
    os._exit(0)


def _listen(connection: Connection[Any, Any], given: SimpleQueue[Any]) -> None:
    with suppress(EOFError, OSError):
        while True:
            given.put(connection.recv())
    os._exit(0)  # nothing that was opened before the fork is closed: it is not ours

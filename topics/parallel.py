"""Work on parts of the data: one after another here, or side by side on a dask cluster."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from os import cpu_count
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from distributed import Client

Result = TypeVar("Result")

_IN_FLIGHT = 2  # parts a worker's thread: one that it is at, one for it to go on with
_RETRIES = 2  # of a part that failed, as a shared folder may do once
_IN_TASK = ContextVar("in a task of a cluster", default=False)


def spread(
    function: Callable[..., Result], parts: Iterable[Any], *fixed: Any, client: Client | None = None
) -> Iterator[Result]:
    """Results of ``function(part, *fixed)`` in the order of `parts`.

    Parts are taken and results fetched while they are asked for, so that a cluster holds no more
    than two parts a thread at any time. A part whose worker is lost is worked on by another.

    Parameters
    ----------
    function
        One that workers can import.
    parts, fixed
        Sent with every task, so they should be small; `sent` is for what is not.
    client
        Whose workers do it; without one, it is done here.
    """
    if client is None:
        yield from (function(part, *fixed) for part in parts)
        return
    waiting: deque[Any] = deque()
    for part in parts:
        task = client.submit(_alone, function, part, *fixed, pure=False, retries=_RETRIES)
        waiting.append(task)
        while len(waiting) >= _IN_FLIGHT * max(1, sum(client.nthreads().values())):
            yield client.gather(waiting.popleft())
    while waiting:
        yield client.gather(waiting.popleft())


def sent(value: Any, client: Client | None) -> Any:
    """A value that all tasks need, in a form that `spread` takes: sent to each worker once.

    It is the result of a task, which runs again when it is lost with a worker; what is scattered
    cannot be had again, and dask drops the copies that no task is waiting for.
    """
    if client is None:
        return value
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph")  # once, not with every task
        return client.submit(_itself, value, pure=False, retries=_RETRIES)


def _itself(value: Result) -> Result:
    return value


def _alone(function: Callable[..., Result], *args: Any) -> Result:
    token = _IN_TASK.set(True)
    try:
        return function(*args)
    finally:
        _IN_TASK.reset(token)


def threads() -> int:
    """Threads to work on: one a core here; one in a task, for its worker runs one task a thread."""
    return 1 if _IN_TASK.get() else cpu_count() or 1

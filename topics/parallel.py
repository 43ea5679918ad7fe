"""Work side by side: in copies of this process, or on a dask cluster; and when each stage was."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from multiprocessing import Pipe, get_context
from typing import TYPE_CHECKING, Any, TypeVar
from warnings import catch_warnings, filterwarnings

from topics.errors import log

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from distributed import Client

Result = TypeVar("Result")

Timeline = dict[str, list[float]]  # start and end of each stage, see `stage`
Stage = Callable[[str], AbstractContextManager[None]]  # `stage` on a timeline

_BEGAN = time.perf_counter()  # this process, but for a tenth of a second
_MEANWHILE: list[Future[Any]] = []  # see `meanwhile`
_PARTS_PER_THREAD = 2  # of a worker: one that it is at, one for it to go on with
_PATIENCE = 60  # seconds that a copy may take when this process has done its part
_RETRIES = 2  # of a part that failed, as a shared folder may do once


def map_parts(
    function: Callable[..., Result], parts: Iterable[Any], *args: Any, client: Client | None = None
) -> Iterator[Result]:
    """Results of ``function(part, *args)``, in the order of `parts`.

    Parts are taken and results fetched while they are asked for, so that a cluster holds no more
    than two parts a thread at any time. Tasks of a lost worker are retried.

    Parameters
    ----------
    function
        One that workers can import.
    parts, args
        Sent with every task, so they should be small; use `broadcast` for what is not.
    client
        Whose workers do it; without one, it is done here.

    Examples
    --------
    >>> list(map_parts(pow, [1, 2, 3], 2))
    [1, 4, 9]
    """
    if client is None:
        yield from (function(part, *args) for part in parts)
        return
    tasks: deque[Any] = deque()
    for part in parts:
        tasks.append(_submit(client, function, part, *args))
        if len(tasks) >= _PARTS_PER_THREAD * max(1, sum(client.nthreads().values())):
            yield client.gather(tasks.popleft())
    while tasks:
        yield client.gather(tasks.popleft())


def broadcast(value: Any, client: Client | None) -> Any:
    """A value that all tasks need, in a form that `map_parts` takes: sent to each worker once.

    It is the result of a task, which is retried when its worker is lost; dask drops the copies
    of scattered data that no task is waiting for.

    Examples
    --------
    >>> broadcast("here", None)
    'here'
    """
    return value if client is None else _submit(client, lambda: value)


def _submit(client: Client, function: Callable[..., Any], *args: Any) -> Any:
    with catch_warnings():
        filterwarnings("ignore", "Sending large graph")
        return client.submit(function, *args, pure=False, retries=_RETRIES)


@contextmanager
def meanwhile(work: Callable[[], Any]) -> Iterator[None]:
    """Do some work in a thread; what it raises is lost. No copy of this process is made before it ends,
    and it must make none.

    >>> with meanwhile(lambda: print("Tea")):
    ...     pass
    Tea
    """
    with ThreadPoolExecutor(1) as pool:
        _MEANWHILE[:] = [pool.submit(work)]
        yield


def side_by_side(here: Callable[[], Any], *works: Callable[[], bytes]) -> list[Any]:
    """What each of these returns: the first is done here, each other in a copy of this process.

    A copy has all that this process has loaded, and other than a thread it never waits for Python's
    lock. Where none can be had, as elsewhere than on Linux, and where one fails or takes far longer
    than what is done here, its work is done here too.

    Examples
    --------
    >>> side_by_side(lambda: b"quay", lambda: b"side")
    [b'quay', b'side']
    """
    with ExitStack() as stack:
        answers = [stack.enter_context(_copy_at(work)) for work in works]
        found = [here()]
        for work, answer in zip(works, answers, strict=True):
            told = answer()
            found.append(work() if told is None else told)
        return found


@contextmanager
def _copy_at(work: Callable[[], bytes]) -> Iterator[Callable[[], bytes | None]]:
    """A copy of this process at work; the answer is None if it fails or cannot be had."""
    receive, send = Pipe(duplex=False)

    def copy() -> None:
        receive.close()  # else to send would wait for ever where the other process was killed
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # one bar of progress is enough
        try:
            send.send_bytes(work())
        except BaseException:  # the process that waits does it itself, and tells
            os._exit(1)

    process = _started(copy)
    send.close()
    if process is None:
        yield lambda: None
        return
    began = time.perf_counter()

    def answer() -> bytes | None:
        with suppress(EOFError, OSError):  # before it began to answer, or amid its answer
            if receive.poll(_PATIENCE + 2 * (time.perf_counter() - began)):
                return receive.recv_bytes()
        return None

    try:
        yield answer
    finally:
        process.kill()
        process.join()


def _started(work: Callable[[], None]) -> BaseProcess | None:
    """A copy of this process at work; None where there is no memory, or copies are not safe."""
    if copies() == 1:
        return None
    wait(_MEANWHILE)  # what a thread is importing, its copy would wait for, for ever
    process = get_context("fork").Process(target=work, daemon=True)
    # What is warned of is threads, which are not copied; BLAS starts its own anew. A worker of a
    # pool, and a copy, may not be copied, which fails an assertion.
    with suppress(OSError, AssertionError), catch_warnings(action="ignore"):
        process.start()
        return process
    return None


@contextmanager
def stage(name: str, timeline: Timeline, progress: bool = True) -> Iterator[None]:
    """Note when a stage starts and ends, in seconds since this process began.

    Examples
    --------
    >>> timeline = {}
    >>> with stage("waiting", timeline, progress=False):
    ...     time.sleep(0.1)
    >>> start, end = timeline["waiting"]
    >>> 0.1 <= round(end - start, 2) < 1
    True
    """
    start = time.perf_counter() - _BEGAN
    yield
    end = time.perf_counter() - _BEGAN
    timeline[name] = [round(start, 2), round(end, 2)]
    if progress:
        log(f"{name}: {end - start:.1f} s")


def threads() -> int:
    """Number of threads to work on: one a core here, and one in a task of a cluster.

    A worker of a cluster runs one task a thread.
    """
    try:
        sys.modules["distributed"].get_worker()
    except (KeyError, ValueError):  # not imported, no worker
        return os.cpu_count() or 1
    return 1


def copies() -> int:
    """Number of processes that work is worth to be split over, see `side_by_side`."""
    return threads() if sys.platform == "linux" else 1

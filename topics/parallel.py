"""Work side by side: in another process, or on a dask cluster; and when each stage was."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from multiprocessing import Pipe, get_context
from signal import SIGINT
from subprocess import DEVNULL, PIPE, Popen
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
def apart(
    function: Callable[[bytes], bytes], *modules: str
) -> Iterator[Callable[[bytes], bytes | None]]:
    """A process of its own for one call of a function of a module; the answer is None if it fails.

    Other than a thread it never waits for Python's lock. It starts and loads `modules` at once.

    Examples
    --------
    >>> import zlib
    >>> with apart(zlib.compress) as compress:
    ...     packed = compress(b"quay")
    >>> zlib.decompress(packed)
    b'quay'
    """
    work = (
        f"import {', '.join(['sys', *modules])}\n"
        f"from {function.__module__} import {function.__name__} as work\n"
        "sys.stdout.buffer.write(work(sys.stdin.buffer.read()))"
    )
    # -P: what lies in the working directory is no part of this program
    command = [sys.executable, "-P", "-c", work]
    try:
        process = Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    except OSError:
        yield lambda given: None
        return

    def ask(given: bytes) -> bytes | None:
        answer, _ = process.communicate(given)
        if process.returncode == -SIGINT:  # the user stops this process too
            raise KeyboardInterrupt
        return None if process.returncode else answer

    with process:
        try:
            yield ask
        finally:
            process.kill()


@contextmanager
def beside(work: Callable[[], bytes]) -> Iterator[Callable[[], bytes | None]]:
    """Work that a copy of this process does meanwhile; the copy has all that this one has loaded.

    The answer is None where no copy can be had, as elsewhere than on Linux, and where it fails or
    takes far longer than what this process did meanwhile.

    Examples
    --------
    >>> with beside(lambda: b"quay") as answer:
    ...     answer() or b"quay"
    b'quay'
    """
    receive, send = Pipe(duplex=False)

    def copy() -> None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # one bar of progress is enough
        try:
            send.send_bytes(work())
        except BaseException:  # the process that waits does it itself, and tells
            os._exit(1)

    process = _started(copy)
    if process is None:
        yield lambda: None
        return
    send.close()
    began = time.perf_counter()

    def answer() -> bytes | None:
        with suppress(EOFError):
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
    if sys.platform != "linux":
        return None
    process = get_context("fork").Process(target=work, daemon=True)
    # What is warned of is threads, which are not copied; BLAS starts its own anew.
    with suppress(OSError), catch_warnings(action="ignore"):
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

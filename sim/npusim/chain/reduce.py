"""Windows of the reduce stage: `docs/architecture.md`, section 3.4."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt


@lru_cache(maxsize=1024)
def windows_per_run(n: int, head: int, overlap: int, run: int, tail: int) -> tuple[int, int]:
    """Return (outputs of a run, elements of its last output).

    n, head, run: at least 1; overlap: 0 or 1, below n (a window must advance); tail: 0 or 1.
    """
    if head > run:
        return (1, run) if tail else (0, 0)
    step = n - overlap
    later = max(0, (run - (head - overlap) - n) // step + 1)
    start = head - overlap + later * step
    if tail and run - start > overlap:
        return 2 + later, run - start
    return 1 + later, n if later else head


def reduce_windows(n: int, head: int, overlap: int, run: int, tail: int, elements: int) -> npt.NDArray[np.int64]:
    """Return int64[outputs, 2], (first element, number of elements) of each window of a stream, in output order.

    elements: length of the stream, a multiple of run.
    """
    count, last = windows_per_run(n, head, overlap, run, tail)
    one = np.empty((count, 2), np.int64)
    if count:
        one[0] = 0, head
        one[1:, 0] = head - overlap + np.arange(count - 1, dtype=np.int64) * (n - overlap)
        one[1:, 1] = n
        one[-1, 1] = last
    windows = np.tile(one, (elements // run, 1))
    windows[:, 0] += np.repeat(np.arange(elements // run, dtype=np.int64) * run, count)
    return windows

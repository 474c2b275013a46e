"""The one error of this package that a user can cause."""

from __future__ import annotations


class HlsError(Exception):
    """A mistake in a kernel, in its use, or in the tools around it; the text says where, what, got and allowed.

    `str(error)` is one sentence such as ``gelu.py:12:8: while loops are not accepted; use for over a constant range``.
    """

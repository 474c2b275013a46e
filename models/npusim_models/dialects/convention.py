"""How a framework names and lays out the parameters that our networks have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from npusim_models.graph import Array, Network, Param
from npusim_models.variants import Variant


@dataclass(frozen=True, slots=True)
class Stored:
    """A parameter as a file may hold it.

    name, shape: of the array.  split: the shape in which it is seen; axes: the transposition of that which gives
    `param.shape` but for axes of size 1.
    """

    param: Param
    name: str
    shape: tuple[int, ...]
    split: tuple[int, ...]
    axes: tuple[int, ...]

    def ours(self, array: Array) -> Array:
        """Return the parameter in the network's layout; array: float32 of `shape`."""
        return np.ascontiguousarray(array.reshape(self.split).transpose(self.axes).reshape(self.param.shape))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A framework's convention.

    title: in messages.  variant: what it builds differently.
    stored: network -> the ways in which it may hold each parameter; none of a network that it does not have.
    clean: a name in a file -> the name as `stored` has it, or None for what inference does not need.
    """

    title: str
    variant: Variant
    stored: Callable[[Network], list[Stored]]
    clean: Callable[[str], str | None]


Layout = Callable[[Param, bool], tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]
"""(parameter, is it a fully connected layer's) -> (shape, split, axes) as in `Stored`."""


def outputs_first(param: Param, dense: bool) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Lay out weights as outputs, inputs, height, width: as we do; a fully connected layer's inputs are flattened."""
    flat = (param.shape[0], int(np.prod(param.shape[1:])))
    return flat if dense and len(param.shape) > 1 else param.shape, param.shape, tuple(range(len(param.shape)))


def outputs_last(param: Param, dense: bool) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Lay out weights as height, width, inputs, outputs; a fully connected layer's inputs are flattened in this way."""
    rank = len(param.shape)
    order = (*range(2, rank), 1, 0) if rank > 1 else (0,)
    split = tuple(param.shape[axis] for axis in order)
    flat = (int(np.prod(split[:-1])), split[-1])
    return flat if dense and rank > 1 else split, split, tuple(order.index(axis) for axis in range(rank))


def by_module(
    modules: Mapping[str, str], leaves: Mapping[str, str], separator: str, layout: Layout, dense: Iterable[str]
) -> Callable[[Network], list[Stored]]:
    """Return a dialect's `stored`.

    modules: TF-Slim scope -> the framework's name of that layer.  leaves: the last part of a TF-Slim name -> the
    framework's.  dense: layers that are fully connected there.
    """
    flat = frozenset(dense)

    def stored(network: Network) -> list[Stored]:
        found = []
        for param in network.params.values():
            scope, _, leaf = param.source.rpartition("/")
            if scope not in modules or leaf not in leaves:
                return []
            module = modules[scope]
            found.append(Stored(param, f"{module}{separator}{leaves[leaf]}", *layout(param, module in flat)))
        return found

    return stored

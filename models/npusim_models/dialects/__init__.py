"""Which framework's names a file of weights has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from npusim_models.dialects.convention import Dialect, Stored
from npusim_models.dialects.keras import KERAS_DIALECT
from npusim_models.dialects.slim import SLIM
from npusim_models.dialects.torchvision import TORCHVISION_DIALECT
from npusim_models.errors import WeightsError
from npusim_models.graph import Network

DIALECTS = (SLIM, TORCHVISION_DIALECT, KERAS_DIALECT)

__all__ = ["DIALECTS", "SLIM", "Dialect", "Stored", "names_of", "recognise"]


def recognise(names: Iterable[str], network: Network, where: str) -> Dialect:
    """Return the dialect that most of the names belong to.

    Raises `WeightsError`, which begins with `where`, if none of them belongs to any.
    """
    given = list(names)
    having = [dialect for dialect in DIALECTS if dialect.stored(network)]
    known = {
        dialect.title: len({one.name for one in dialect.stored(network)} & names_of(given, dialect, network).keys())
        for dialect in having
    }
    if not any(known.values()):
        titles = " or ".join(", ".join(known).rsplit(", ", 1))
        missing = [f"'{dialect.stored(network)[0].name}'" for dialect in having]
        unknown = f"'{given[0]}' unknown" if given else "the file is empty"
        raise WeightsError(
            f"{where}: the names are none that {titles} give to {network.name}'s parameters: for example "
            f"{', '.join(missing[:-1])} or {missing[-1]} is missing, and {unknown}"
        )
    return max(having, key=lambda dialect: known[dialect.title])


def names_of(names: Iterable[str], dialect: Dialect, network: Network) -> Mapping[str, list[str]]:
    """Return the file's names of each parameter by the dialect's name, without what all of them begin with.

    A wrapper puts its own name in front of all: `module.conv1.weight`, `resnet50/conv1_conv/kernel`.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        clean = dialect.clean(name)
        if clean is not None:
            found.setdefault(clean, []).append(name)
    for stored in dialect.stored(network)[:1]:
        ends = (f".{stored.name}", f"/{stored.name}")
        for front in [name.removesuffix(stored.name) for name in found if name.endswith(ends)]:
            if all(name.startswith(front) for name in found):
                return {name.removeprefix(front): given for name, given in found.items()}
    return found

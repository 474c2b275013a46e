"""Frozen dataclasses to JSON values and back, checked against their type hints; arrays and bytes become sections."""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np

from npusim.config import NpuConfig
from npusim.container import U8
from npusim.errors import ConfigError, ProgramError, nearest

_INT_LIMIT = 1 << 63
_FREE = "metadata/"  # a dict of anything: nothing says what a section in it would be


def to_json(value: Any, name: str, sections: dict[str, U8]) -> Any:
    """Return the JSON value; bytes and arrays go to `sections` under their path, and `{"section": path}` stays."""
    if isinstance(value, (np.ndarray, bytes)):
        if name.startswith(_FREE):
            raise TypeError(f"{name}: free-form fields hold JSON values, not {type(value).__name__}")
        raw = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else np.ascontiguousarray(value)
        if raw.dtype.byteorder == ">":
            raw = raw.astype(raw.dtype.newbyteorder("<"))
        sections[name] = raw.reshape(-1).view(np.uint8)
        return {"section": name}
    if isinstance(value, NpuConfig):
        return value.to_dict()
    if dataclasses.is_dataclass(value):
        return {
            f.name: to_json(getattr(value, f.name), f"{name}/{f.name}", sections) for f in dataclasses.fields(value)
        }
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"{name}: keys must be strings, or they would not come back from the file")
        return {key: to_json(item, f"{name}/{key}", sections) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(item, f"{name}/{i}", sections) for i, item in enumerate(value)]
    return value.item() if isinstance(value, np.generic) else value


@cache
def hints(cls: type) -> dict[str, Any]:
    """Return the resolved type hints of a dataclass."""
    return typing.get_type_hints(cls)


def from_json(hint: Any, value: Any, where: str, sections: dict[str, U8]) -> Any:
    """Return the value of type `hint`; sections that it uses are taken out of `sections`.  `ProgramError` otherwise."""
    if hint is NpuConfig:
        return _config(value, where)
    if dataclasses.is_dataclass(hint):
        return _record(hint, value, where, sections)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):  # only "X | None" is used
        return None if value is None else from_json(args[0], value, where, sections)
    if origin is Literal:
        if value not in args:
            raise ProgramError(f"{where} is {value!r:.60}, expected one of {', '.join(map(repr, args))}")
        return value
    if hint is bytes or origin is np.ndarray:
        return _binary(hint, value, where, sections)
    if origin is tuple:
        return _tuple(args, value, where, sections)
    want = origin or hint
    if type(value) is not want or (want is int and not -_INT_LIMIT <= value < _INT_LIMIT):
        raise ProgramError(f"{where} is {value!r:.60}, expected {want.__name__}")
    return value


def _config(value: Any, where: str) -> NpuConfig:
    if not isinstance(value, dict):
        raise ProgramError(f"{where} is {value!r:.60}, expected a mapping of parameters")
    try:
        return NpuConfig.from_dict(value, where)
    except (ConfigError, OverflowError) as error:
        raise ProgramError(str(error)) from None


def _record(cls: Any, value: Any, where: str, sections: dict[str, U8]) -> Any:
    if not isinstance(value, dict):
        raise ProgramError(f"{where} is {value!r:.60}, expected a mapping")
    names = hints(cls)
    for key in value:
        if key not in names:
            raise ProgramError(f"{where}: unknown field {key!r:.60}{nearest(key, names)}")
    for key in names:
        if key not in value:
            raise ProgramError(f"{where}: field {key!r} is missing")
    return cls(**{key: from_json(hint, value[key], f"{where}.{key}", sections) for key, hint in names.items()})


def _binary(hint: Any, value: Any, where: str, sections: dict[str, U8]) -> Any:
    name = value.get("section") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(name, str) or name not in sections:
        raise ProgramError(
            f"{where} is {value!r:.60}, expected a section that nothing else uses{nearest(str(name), sections)}"
        )
    raw = sections.pop(name)
    if hint is bytes:
        return raw.tobytes()
    dtype = np.dtype(get_args(get_args(hint)[1])[0]).newbyteorder("<")
    if raw.size % dtype.itemsize:
        raise ProgramError(f"{where}: section {name!r} has {raw.size} bytes, expected a multiple of {dtype.itemsize}")
    aligned = raw if raw.ctypes.data % dtype.itemsize == 0 else raw.copy()
    return aligned.view(dtype).astype(dtype.newbyteorder("="), copy=False)


def _tuple(args: tuple[Any, ...], value: Any, where: str, sections: dict[str, U8]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ProgramError(f"{where} is {value!r:.60}, expected a list")
    if args[-1] is Ellipsis:
        args = (args[0],) * len(value)
    if len(args) != len(value):
        raise ProgramError(f"{where} has {len(value)} items, expected {len(args)}")
    return tuple(
        from_json(arg, item, f"{where}[{i}]", sections) for i, (arg, item) in enumerate(zip(args, value, strict=True))
    )

"""`npusim run` with pictures: in as JPEG or PNG, out as class names or as boxes drawn on the picture.

Files are read, and options refused, before the model is compiled: what they need of the model is known by then.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from npusim.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from npusim.atomic import NewFile
    from npusim.compiler.ir import TensorInfo


@dataclass(slots=True)
class Pictures:
    """What the options say about pictures, and the picture that was read last.

    how: a preparation, or None for the network's own; top: how many classes to print, 0 for the plain five largest;
    lines: what was read; decoded: pictures by file; names: lines of the label file, then names of the classes;
    detector: the outputs are SSD-VGG's.
    """

    how: str | None
    labels: str | None
    top: int
    draw: str | None
    score: float
    iou: float
    last: Any = field(default=None)
    lines: list[str] = field(default_factory=list)
    decoded: dict[str, Any] = field(default_factory=dict)
    names: Sequence[str] = ()
    detector: bool = False

    def check_usage(self, files: Sequence[str]) -> None:
        """Refuse options that nothing would read."""
        pictures = [text for text in files if is_picture(text)]
        for flag, given in (("--prepare", self.how), ("--draw", self.draw)):
            if given is not None and not pictures:
                raise click.UsageError(f"{flag} is for pictures: give one with --input")
        if self.draw is not None and len(pictures) != 1:
            raise click.UsageError("--draw needs exactly one picture")
        if self.draw is not None and Path(self.draw).suffix.lower() not in (".png", ".jpg", ".jpeg"):
            raise click.UsageError(f"--draw {self.draw}: expected a name that ends in .png, .jpg or .jpeg")

    def open(self, files: Sequence[str]) -> None:
        """Read pictures and labels, before anything that takes time; files: FILE or NAME=FILE."""
        for text in files:
            path = text if Path(text).exists() or "=" not in text else text.partition("=")[2]
            if is_picture(path) and (path == text or Path(path).exists()):
                self._decode(path)
        if self.labels is not None:
            from npusim_models.labels import read_lines

            self.names = read_lines(self.labels)

    def _decode(self, path: str) -> Any:
        from npusim_models.pictures import read_picture

        if path not in self.decoded:
            self.decoded[path] = read_picture(path)
        return self.decoded[path]

    def check_outputs(self, network: str, outputs: Sequence[TensorInfo]) -> None:
        """Refuse options that a network with these outputs has nothing for."""
        from npusim_models.detection import is_detector
        from npusim_models.errors import DetectionError
        from npusim_models.labels import check_labels

        try:
            self.detector = is_detector({info.name: info.shape for info in outputs})
        except DetectionError:
            if self.decoded:  # else nobody asks for detections
                raise
        if self.draw is not None and not self.detector:
            raise InputError(f"--draw: {network} does not return SSD-VGG's 12 outputs")
        if not self.top and self.labels is None:
            return
        flag = "--top" if self.top else "--labels"
        if self.detector:
            raise InputError(f"{flag}: {network} is a detector, expected a network with one number a class")
        scores = [info for info in outputs if _is_classes(info.shape)]
        if len(scores) != 1:
            raise InputError(f"{flag}: the model has {len(scores)} outputs with one number a class, expected one")
        classes = scores[0].shape[-1]
        if self.labels is None:
            self.names = [f"class {at}" for at in range(classes)]
        else:
            self.names = check_labels(self.labels, list(self.names), classes)

    def read(self, path: str, info: TensorInfo, network: str) -> np.ndarray[Any, Any]:
        """Return the picture as the network's input takes it."""
        from npusim_models.pictures import preparation_of, prepare

        shape = info.shape
        if len(shape) != 4 or shape[0] != 1 or 3 not in (shape[1], shape[3]):
            got = " x ".join(map(str, shape))
            raise InputError(f"{path}: a picture, but input {info.name!r} is {got}, expected 1 x 3 x height x width")
        planar = shape[1] == 3
        self.last = self._decode(path)
        how = self.how or preparation_of(network)
        height, width = self.last.shape[:2]
        self.lines.append(f"{path}: {width} x {height} pixels, prepared as for {how} (--prepare)")
        tensor = prepare(self.last, (shape[2], shape[3]) if planar else (shape[1], shape[2]), how)
        return (tensor if planar else tensor.transpose(0, 2, 3, 1)).astype(info.dtype)

    def results(self, outputs: Mapping[str, Any]) -> tuple[list[str], list[NewFile]]:
        """Return what to print about the outputs, and the picture with boxes if it is wanted."""
        if self.detector:
            from npusim_models.detection import detect

            found = detect(outputs, self.score, self.iou)
            return _detection_lines(found, self.score), self._drawn(found)
        return (self._classes(outputs) if self.names else []), []

    def _drawn(self, found: list[Any]) -> list[NewFile]:
        if self.draw is None:
            return []
        from io import BytesIO

        from PIL import Image

        from npusim.atomic import NewFile
        from npusim_models.detection import draw_detections

        stream = BytesIO()
        kind = "PNG" if Path(self.draw).suffix.lower() == ".png" else "JPEG"
        Image.fromarray(draw_detections(self.last, found)).save(stream, kind)
        return [NewFile(self.draw, [stream.getvalue()], "the picture", InputError)]

    def _classes(self, outputs: Mapping[str, Any]) -> list[str]:
        """Return the best classes of the only output that holds one number a class."""
        import numpy as np

        (found,) = [(name, array) for name, array in outputs.items() if _is_classes(array.shape)]
        name, flat = found[0], found[1].reshape(-1)
        best = np.argsort(-flat, kind="stable")[: min(self.top or 5, flat.size)]
        return [f"classes by {name}:", *(f"  {flat[at]:10.6g}  {self.names[at]}" for at in best)]


def _is_classes(shape: tuple[int, ...]) -> bool:
    """True for one number a class: several, all along the last axis."""
    return bool(shape) and math.prod(shape) == shape[-1] > 1


def is_picture(text: str) -> bool:
    """True for FILE or NAME=FILE that ends as a picture's name does."""
    from npusim_models.pictures import SUFFIXES

    return text.lower().endswith(SUFFIXES)


def _detection_lines(found: list[Any], score: float) -> list[str]:
    if not found:
        return [f"nothing was detected with a probability of {score:g} or more (--score)"]
    lines = ["detected (probability, class, top left bottom right in parts of the picture):"]
    return lines + [f"  {one.score:.3f}  {one.name:<12} {' '.join(f'{edge:.3f}' for edge in one.box)}" for one in found]

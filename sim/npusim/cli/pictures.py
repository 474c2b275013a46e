"""`npusim run` with pictures: in as JPEG or PNG, out as class names or as boxes drawn on the picture."""

from __future__ import annotations

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
    from npusim.program import Program

DETECTOR_OUTPUTS = 12


@dataclass(slots=True)
class Pictures:
    """What the options say about pictures, and the picture that was read last.

    how: a preparation, or None for the network's own; top: how many classes to print, 0 for the plain five largest;
    lines: what was read.
    """

    how: str | None
    labels: str | None
    top: int
    draw: str | None
    score: float
    iou: float
    last: Any = field(default=None)
    lines: list[str] = field(default_factory=list)

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

    def read(self, path: str, info: TensorInfo, network: str) -> np.ndarray[Any, Any]:
        """Return the picture as the network's input takes it."""
        from npusim_models.pictures import preparation_of, prepare, read_picture

        shape = info.shape
        if len(shape) != 4 or shape[0] != 1 or 3 not in (shape[1], shape[3]):
            got = " x ".join(map(str, shape))
            raise InputError(f"{path}: a picture, but input {info.name!r} is {got}, expected 1 x 3 x height x width")
        planar = shape[1] == 3
        self.last = read_picture(path)
        how = self.how or preparation_of(network)
        height, width = self.last.shape[:2]
        self.lines.append(f"{path}: {width} x {height} pixels, prepared as for {how} (--prepare)")
        tensor = prepare(self.last, (shape[2], shape[3]) if planar else (shape[1], shape[2]), how)
        return (tensor if planar else tensor.transpose(0, 2, 3, 1)).astype(info.dtype)

    def results(self, program: Program, outputs: Mapping[str, Any]) -> tuple[list[str], list[NewFile]]:
        """Return what to print about the outputs, and the picture with boxes if it is wanted."""
        from npusim_models.detection import detect, is_detector

        if is_detector({name: array.shape for name, array in outputs.items()}):
            found = detect(outputs, self.score, self.iou)
            return _detection_lines(found, self.score), self._drawn(found)
        if self.draw is not None:
            raise InputError(f"--draw: {program.model} does not return SSD-VGG's {DETECTOR_OUTPUTS} outputs")
        return (self._classes(outputs) if self.top or self.labels else []), []

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

        from npusim_models.labels import read_labels

        scores = [(name, array) for name, array in outputs.items() if array.size == array.shape[-1] > 1]
        if len(scores) != 1:
            raise InputError(f"--top: the model has {len(scores)} outputs with one number a class, expected one")
        name, array = scores[0]
        flat = array.reshape(-1)
        names = read_labels(self.labels, flat.size) if self.labels else [f"class {at}" for at in range(flat.size)]
        best = np.argsort(-flat, kind="stable")[: min(self.top or 5, flat.size)]
        return [f"classes by {name}:", *(f"  {flat[at]:10.6g}  {names[at]}" for at in best)]


def is_picture(text: str) -> bool:
    """True for FILE or NAME=FILE that ends as a picture's name does."""
    from npusim_models.pictures import SUFFIXES

    return text.lower().endswith(SUFFIXES)


def _detection_lines(found: list[Any], score: float) -> list[str]:
    if not found:
        return [f"nothing was detected with a probability of {score:g} or more (--score)"]
    lines = ["detected (probability, class, top left bottom right in parts of the picture):"]
    return lines + [f"  {one.score:.3f}  {one.name:<12} {' '.join(f'{edge:.3f}' for edge in one.box)}" for one in found]

"""Builders and loaders of the service's networks; each returns an ONNX model.

>>> import npusim_models
>>> npusim_models.save(npusim_models.build("resnet50"), "resnet50.onnx")
"""

from npusim_models.errors import ModelsError, OptionError, SaveError, UnknownNameError, WeightsError
from npusim_models.files import save
from npusim_models.images import synthetic_image
from npusim_models.registry import build, describe, names, sample_input
from npusim_models.weights import save_weights

__all__ = [
    "ModelsError",
    "OptionError",
    "SaveError",
    "UnknownNameError",
    "WeightsError",
    "build",
    "describe",
    "names",
    "sample_input",
    "save",
    "save_weights",
    "synthetic_image",
]

"""A cycle-approximate simulator and an ONNX compiler for a Brainwave-class neural processing unit."""

__version__ = "0.1.0"

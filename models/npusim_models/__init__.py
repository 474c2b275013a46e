"""Builders and loaders of the service's networks; each returns an ONNX model."""

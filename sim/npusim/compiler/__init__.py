"""ONNX in, program out: `front` makes a graph of layers (`ir`), `back` makes it a program.

This file imports nothing: `npusim.program` takes its types from `npusim.compiler.ir`.
"""

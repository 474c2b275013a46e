"""ONNX in, program out.  This file imports nothing: `npusim.program` takes its types from `npusim.compiler.ir`."""

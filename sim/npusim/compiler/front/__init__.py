"""The front end: ONNX to a graph of layers.  `frontend` lists the passes."""

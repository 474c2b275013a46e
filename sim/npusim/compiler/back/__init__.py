"""The back end: a graph of layers to a verified program.  `backend` lists the passes."""

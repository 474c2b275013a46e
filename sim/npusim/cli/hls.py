"""`npusim hls`: the language of the arithmetic kernels, its compiler and its checks."""

from npusim_hls.cli import hls as hls_command

__all__ = ["hls_command"]

"""One Python function, both the simulator's kernel and the hardware: the language, its compiler, the kernels."""

from npusim_hls.errors import HlsError
from npusim_hls.kernel import Instance, Kernel

__all__ = ["HlsError", "Instance", "Kernel"]

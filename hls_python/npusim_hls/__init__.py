"""One Python function, both the simulator's kernel and the hardware: the language, its compiler, the kernels."""

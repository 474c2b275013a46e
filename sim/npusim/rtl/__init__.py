"""The reference RTL: its kernels for a configuration, and what runs it beside the simulator."""

"""What all tests share: property tests are the same in every run, slow machines fail none of them, and neither does a
shell that starts them in the background."""

from __future__ import annotations

import signal

from hypothesis import settings

settings.register_profile("npusim", deadline=None, derandomize=True)
settings.load_profile("npusim")

# A job in the background of a script inherits an ignored SIGINT, and Python leaves it so, here and in every process
# that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

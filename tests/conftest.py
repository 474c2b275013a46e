"""What all tests share: property tests are the same in every run, and slow machines fail none of them."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("npusim", deadline=None, derandomize=True)
settings.load_profile("npusim")

"""The register table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npusim.csr import CSRS, FAULTS, Fault, check_table


def test_overlapping_registers_are_refused() -> None:
    with pytest.raises(ValueError, match="VERSION and ID share 0x0"):
        check_table((CSRS[0], replace(CSRS[1], offset=0)))
    with pytest.raises(ValueError, match="ID and ID share ID"):
        check_table((CSRS[0], replace(CSRS[0], offset=4)))
    with pytest.raises(ValueError, match="offset 0x02 is not a multiple of 4"):
        check_table((replace(CSRS[0], offset=2),))


def test_every_fault_is_explained() -> None:
    assert set(FAULTS) == set(Fault)

"""Machines without sigmoid and tanh in one MFU or in both: what runs where, what is refused."""

from __future__ import annotations

from dataclasses import replace

import onnx
import pytest
from onnx_graphs import Build, compare, hosted
from test_backend import IMAGE

from npusim.asm import assemble
from npusim.chain import decode_stream
from npusim.compiler.front.lower import NO_FUNCTION
from npusim.compiler.ir import HostStep
from npusim.config import load_config
from npusim.errors import ProgramError

SMOOTH = {"sigm", "tanh"}


def gated() -> onnx.ModelProto:
    """A sigmoid that a chain's MFU0 can take, and a tanh behind a sum of two maps, which only MFU1 can."""
    b = Build()
    x = b.input(1, 3, 6, 6)
    gate = b("Sigmoid", b("Conv", x, b.weights(4, 3, 3, 3)))
    both = b("Tanh", b("Add", gate, b("Conv", x, b.weights(4, 3, 3, 3))))
    return b.model(b("Conv", both, b.weights(4, 4, 1, 1)))


def test_both_functions_are_fused_where_the_machine_has_them() -> None:
    graph = compare(gated())
    assert hosted(graph) == []
    assert {lay.pre.act for lay in graph.layers} | {lay.post.act for lay in graph.layers} >= SMOOTH
    assert {lay.post.act for lay in graph.layers} & SMOOTH


def test_with_one_mfu_the_function_gets_a_chain_of_its_own() -> None:
    graph = compare(gated(), sigmoid_tanh=(True, False))
    assert hosted(graph) == []
    assert len(graph.layers) == len(compare(gated()).layers) + 1
    assert not {lay.post.act for lay in graph.layers} & SMOOTH


def test_without_them_they_run_on_the_host() -> None:
    graph = compare(gated(), sigmoid_tanh=(False, False))
    assert sorted(hosted(graph)) == ["Sigmoid", "Tanh"]
    reasons = [why for s in graph.steps if isinstance(s, HostStep) for why in s.reasons]
    assert reasons == [NO_FUNCTION] * 2


@pytest.mark.parametrize("unit", [0, 1])
@pytest.mark.parametrize("name", ["v_sigm", "v_tanh"])
def test_a_program_for_them_is_refused(unit: int, name: str) -> None:
    words = assemble(f"v_rd InitialVrf, 0\n{name} mfu{unit}\nv_wr InitialVrf, 0\nend_chain\nhalt")
    for there in (False, True):
        machine = replace(IMAGE, sigmoid_tanh_0=there or unit == 1, sigmoid_tanh_1=there or unit == 0)
        if there:
            assert len(decode_stream(words, machine).chains) == 1
            continue
        with pytest.raises(ProgramError) as caught:
            decode_stream(words, machine)
        assert str(caught.value) == (
            f"word 1 ({name}): MFU{unit} of {machine.name} has no sigmoid and tanh (sigmoid_tanh_{unit})"
        )


def test_presets() -> None:
    assert load_config("arria10").sigmoid_tanh == (False, False)
    assert load_config("arria10_rnn").sigmoid_tanh == (True, True)

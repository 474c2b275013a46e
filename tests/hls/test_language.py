"""What the language refuses, by message and place, and what its constructs mean."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from npusim_hls.errors import HlsError
from npusim_hls.frontend import trace
from npusim_hls.ir import evaluate
from npusim_hls.kernel import Instance, Kernel, kernel
from npusim_hls.lang import bit, bits, cat, clz, constant, signed
from npusim_hls.lower import lower
from npusim_hls.simplify import simplify
from npusim_hls.vectors import operands
from npusim_hls.widths import array, flatten, s, u

# mypy: disable-error-code="no-untyped-def,no-any-return"
# ruff: noqa: F841

TABLE = (3, 1, 4, 1, 5, 9, 2, 6)


def refused(function: Callable[..., Any], line: int, text: str) -> None:
    """Binding or tracing the kernel fails at `line` lines below its def, with exactly this text after the place."""
    target = kernel(function)
    with pytest.raises(HlsError) as caught:
        trace(target.bind())
    first = target.source.tree.lineno
    place, _, message = str(caught.value).partition(": ")
    file, number, column = place.split(":")
    assert (file, int(number) - first) == ("test_language.py", line), str(caught.value)
    assert int(column) >= 1
    assert message == text


def test_while_is_refused() -> None:
    def k(a: u[8]) -> u[8]:
        while a > 3:
            a = a >> 1
        return a

    refused(k, 1, "while loops are not accepted; use for over a constant range")


def test_over_wide_shift_is_refused() -> None:
    def k(a: u[8], b: u[8]) -> u[8]:
        return a >> b

    refused(k, 1, "the shift amount may reach 255 but the operand has 8 bits; limit it with min(…, 8)")

    def left(a: u[8], b: u[8]) -> u[8]:
        return bits(a << b, 7, 0)

    refused(left, 1, "a shift of 8 bits by up to 255 gives more than 256 bits")

    def constant_amount(a: u[8]) -> u[8]:
        return a >> 9

    refused(constant_amount, 1, "the shift amount may reach 9 but the operand has 8 bits; limit it with min(…, 8)")


def test_negative_shift_is_refused() -> None:
    def k(a: u[8], b: s[4]) -> u[32]:
        return a << b

    refused(k, 1, "the shift amount may be negative (-8); it must be proven to be 0 or more")


def test_data_dependent_loop_bound_is_refused() -> None:
    def k(a: u[4]) -> u[8]:
        total = 0
        for i in range(a):
            total = total + i
        return total

    refused(k, 2, "the loop bound a depends on data; a bound is a constant or a parameter")


@kernel
def recursive(a: u[8]) -> u[8]:
    return recursive(a) if a > 3 else a


def test_recursion_is_refused() -> None:
    with pytest.raises(HlsError, match=r"test_language.py:\d+:12: recursive calls itself; recursion is not accepted"):
        trace(recursive.bind())


def test_overflow_of_the_result_is_refused() -> None:
    def k(a: u[8], b: u[8]) -> u[8]:
        return a + b

    text = "the result may be 0 .. 510 and overflow; u[8] holds 0 .. 255: widen it, or slice with bits(x, hi, lo)"
    refused(k, 1, text)


def test_overflow_of_a_declared_name_is_refused() -> None:
    def k(a: u[8], b: u[8]) -> u[8]:
        small: s[9] = a - b
        tiny: u[4] = a * b
        return tiny

    text = "tiny may be 0 .. 65025 and overflow; u[4] holds 0 .. 15: widen it, or slice with bits(x, hi, lo)"
    refused(k, 2, text)


def test_float_is_refused() -> None:
    def k(a: u[8]) -> u[16]:
        return a * 1.5

    refused(k, 1, "1.5 is a float; a kernel computes with integers, scale it to fixed point")


def test_division_is_refused() -> None:
    def k(a: u[8]) -> u[8]:
        return a // 3

    refused(k, 1, "// and % are accepted by a constant power of two only; multiply by a reciprocal")

    def true_division(a: u[8]) -> u[8]:
        return a / 2

    refused(true_division, 1, "operator Div of a run-time value is not accepted; use + - * << >>")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            "try:\n        a = 1\n    except ValueError:\n        a = 2",
            "try is not accepted; a kernel has no exceptions",
        ),
        ("global TABLE", "global is not accepted; a kernel has no state"),
        ("def f(x): return x", "a nested function is not accepted; write a kernel of its own and call it"),
        ("del a", "del is not accepted; names end with the function"),
        ("a + 1", "expr statements are not accepted; a kernel has assignment, if, for, assert and return"),
        ("a = (lambda x: x)(a)", "lambda is not accepted; an expression is made of "),
        ("a = {1: a}", "a dictionary is not accepted; an expression is made of "),
        ("a = print(a)", "a call to print is not accepted; callable are kernels, @constant functions, bits, "),
        ("a = a.real", "attribute real of a value is not accepted; call the functions of the language"),
        ("a = a[0]", "an integer has no elements; write bits(x, hi, lo) or bit(x, i) for its bits"),
        ("a = missing + a", "missing is not defined; names like it: none"),
        ("a = (a, a)[a]", "the index may be 0 .. 255; the tuple has 2 elements"),
        ("a = TABLE[a]", "the index may be 0 .. 255; the tuple has 8 elements"),
        ("a = 1 if a else 2", "a condition of 0 .. 255 is not accepted; compare it, for example with != 0"),
        ("assert a > 3", "assert of a run-time value is not accepted; it can check parameters only"),
        ("assert 1 > 3", "assertion failed: 1 > 3"),
        ("a = 'x'", "'x' is not an integer; a kernel computes with integers"),
        ("a = a is a", "Is is not accepted; compare with == != < <= > >="),
        ("a[0] = 1", "a[0] cannot be assigned; only names can, a tuple is built anew"),
        ("a, b = a", "got an integer; 2 names are assigned"),
        ("a = bits(a, a, 0)", "bits: positions and widths are constants; got bits(a, a, 0)"),
        ("a = bits(a, 1, 3)", "bits 1 down to 3 is not a slice; the first is at least the second, both 0 or more"),
        ("a = cat((a, 4), (a, 8))", "cat: a value of 0 .. 255 does not fit its field of 4 bits"),
        ("a = clz(a, 4)", "clz: a value of 0 .. 255 does not fit 4 bits"),
        ("a = helper(a)", "helper got 1 arguments; it takes 2: x, y"),
        ("a = helper(a, a, z=1)", "helper got parameters z; it takes none"),
        ("a = sized(a, n=a)", "parameter n of sized depends on data; parameters are constants"),
        ("a = table(a)", "table runs at compile time; its arguments are constants"),
        ("a = ~a & (0 - a)", "& of two signed values is not accepted; slice one of them with bits(x, hi, lo)"),
        ("a = a | (0 - a)", "| and ^ of signed values are not accepted; slice them with bits(x, hi, lo)"),
        ("a = sum(x for x in (a, a) if x > 1)", "a filter on run-time values is not accepted; lanes are fixed"),
        (
            "for i in range(3):\n        return a",
            "return inside a loop is not accepted; keep the result and return it after",
        ),
        (
            "for i in range(3):\n        break",
            "break is not accepted; a loop runs over its whole constant range, keep ",
        ),
        ("if a > 3:\n        b = 1\n    a = b", "b has no value on one path of the if at "),
        ("if a > 3:\n        a = (a, a)\n    a = 0", "a has another shape on each path; both sides need the same"),
        ("return", "return without a value; a kernel returns an integer or a tuple"),
    ],
)
def test_everything_else_is_refused_at_its_place(body: str, text: str, tmp_path: Any) -> None:
    source = "from __future__ import annotations\nfrom test_language import *\n\n@kernel\n"
    source += f"def k(a: u[8]) -> u[8]:\n    {body}\n    return a\n"
    path = tmp_path / "user_kernel.py"
    path.write_text(source)
    scope: dict[str, Any] = {}
    exec(compile(source, str(path), "exec"), scope)
    with pytest.raises(HlsError) as caught:
        trace(scope["k"].bind())
    place, _, message = str(caught.value).partition(": ")
    assert place.startswith("user_kernel.py:"), str(caught.value)
    assert 6 <= int(place.split(":")[1]) <= 8
    assert message.startswith(text)


@kernel
def helper(x: int, y: int) -> int:
    return x + y


@kernel
def sized(x: int, *, n: int) -> int:
    return bits(x, n - 1, 0)


@constant
def table(n: int) -> tuple[int, ...]:
    return tuple(i * i for i in range(n))


def test_ports_need_widths_and_parameters_need_values() -> None:
    with pytest.raises(HlsError, match=r"x is int; an instance needs ports of known width"):
        helper.bind()
    with pytest.raises(HlsError, match=r"sized: parameters n are needed, got none"):
        sized.bind()

    def missing(a) -> u[8]:
        return a

    refused(missing, 0, "argument a has no annotation; write u[n], s[n], bool, tuple or array")

    def wide(a: u[300]) -> u[300]:
        return a

    refused(wide, 0, "argument a: width 300 is not accepted; a width is an integer from 1 to 256")


def test_calling_an_instance_checks_its_arguments() -> None:
    instance = kernel(two).bind("two")
    assert instance(200, -3) == (197, 1)
    with pytest.raises(HlsError, match=r"two: argument a: got 256; u\[8\] takes 0 to 255"):
        instance(256, 0)
    with pytest.raises(HlsError, match=r"two: argument b: got 1.5; s\[4\] takes an integer"):
        instance(1, 1.5)
    with pytest.raises(HlsError, match=r"two: got 1 arguments; it takes a, b"):
        instance(1)


def two(a: u[8], b: s[4]) -> tuple[s[10], bool]:
    return a + b, b < 0


def early(a: u[6], b: u[6]) -> s[8]:
    if a == b:
        return 0
    if a > b:
        gap = a - b
        return min(gap, 5)
    return a - b


def loops(a: array[u[4], 3], b: u[2]) -> tuple[u[8], array[u[5], 3]]:
    total = 0
    for i, x in enumerate(a):
        total += x * i if i != 1 else x
    return total + a[min(b, 2)], tuple(x + y for x, y in zip(a, reversed(a), strict=True))


def narrowing(a: u[6]) -> u[7]:
    if a >= 1 and a < 40:
        amount: u[6] = a - 1
    else:
        amount = 0
    return amount + (a - 3 if not a < 3 else 3 - a)


def selections(a: u[5], b: s[5]) -> tuple[u[8], s[9], u[6], bool, s[7]]:
    word = cat((a, 5), (bits(b, 4, 2), 3))
    rows = ((1, -2), (3, 4), (5, 6), (-7, 8))
    left, right = rows[bits(a, 1, 0)]
    return (
        word,
        left * b,
        clz(a, 5) + max(a, 3, 7),
        any((a == 3, b == -1)) and all((a < 30, b > -9)),
        signed(a, 5) + bit(b, 4) + right,
    )


def arithmetic(a: s[6], b: u[4]) -> tuple[s[15], s[15], u[6], s[8], u[4]]:
    return a * a * b - a, (a << b) >> 6, abs(a), a // 4 + a % 8 - ~b, (b ^ 5) & 6 | 1


def rom(a: u[3], b: bool) -> tuple[u[4], u[6], bool]:
    squares = table(8)
    return TABLE[a], squares[a] if b else 7, b != (a > 2)


def hidden_zero(a: u[3]) -> u[4]:
    zero = (a | a) ^ a  # only simplification finds that it is 0
    return a % 8 + (zero, a, a, 5)[bits(zero, 1, 0)]


@kernel
def scaled(x: int, *, by: int = 3) -> int:
    return x * by


def defaults(a: u[5], *, more: int = 2) -> u[9]:
    return scaled(a) + scaled(a, by=more)


def reduced_ranges(a: u[12], b: u[2], c: u[3]) -> tuple[u[12], u[4], u[12], u[4]]:
    """Strength reduction of 7 = 8 - 1 must not lose that the product is at most 7 · 1."""
    low = (3, 1, 4, 1, 5)[c] if c < 5 else 2
    return a >> (bit(b, 0) * 7), (9, 8, 7, 6, 5, 4, 3, 2)[bit(b, 1) * 7], a >> (b * 3), low


FUNCTIONS = [reduced_ranges, two, early, loops, narrowing, selections, arithmetic, rom, hidden_zero, defaults]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_graph_means_what_python_means(function: Callable[..., Any]) -> None:
    instance: Instance = kernel(function).bind()
    traced = trace(instance)
    simple = simplify(traced)
    lowered = lower(simple)
    for values in itertools.islice(operands(instance, 100, seed=1), 0, 6000):
        want = flatten(instance(*nested(instance, values)), instance.output)
        assert evaluate(traced, values) == want, values
        assert evaluate(simple, values) == want, values
        assert evaluate(lowered, values) == want, values


def nested(instance: Instance, values: list[int]) -> tuple[Any, ...]:
    from npusim_hls.widths import Tuple, build

    result = build(list(values), Tuple(tuple(instance.inputs.values())))
    assert isinstance(result, tuple)
    return result


def test_a_kernel_that_is_no_function_is_refused() -> None:
    with pytest.raises(HlsError, match="argument args is variadic or positional-only; a kernel has a fixed list"):
        Kernel(lambda *args: args, ())

"""cmsim.timing.pipeline against a second implementation of the same rules, over random instruction sequences."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from reference import FpOperation, core, floating_point

from cmsim.cortex_m.decode import Instruction, Kind, decode
from cmsim.timing.parameters import Bound, Parameters
from cmsim.timing.pipeline import Fetch, Pipeline

LOW = st.integers(0, 7)
ANY = st.integers(0, 12)
BITS = st.integers(0, 31)


def wide(first: int, second: int) -> bytes:
    return first.to_bytes(2, "little") + second.to_bytes(2, "little")


def pair(one: int, other: int) -> bytes:
    """Two 16-bit instructions: what follows stays aligned."""
    return wide(one, other)


ALU = st.builds(lambda d, n, m: wide(0xEB00 | n, d << 8 | m), ANY, ANY, ANY)  # ADD.W
SHIFT = st.builds(lambda d, n, m: wide(0xFA00 | n, 0xF000 | d << 8 | m), ANY, ANY, ANY)
MULTIPLY = st.builds(lambda d, n, m: wide(0xFB00 | n, 0xF000 | d << 8 | m), ANY, ANY, ANY)
ACCUMULATE = st.builds(lambda d, n, m, a: wide(0xFB00 | n, a << 12 | d << 8 | m), ANY, ANY, ANY, ANY)
LONG = st.builds(lambda d, n, m: wide(0xFBA0 | n, d << 12 | (d + 1) << 8 | m), st.integers(0, 11), ANY, ANY)  # UMULL
LDR = st.builds(lambda t, n, o: wide(0xF8D0 | n, t << 12 | o), ANY, ANY, st.integers(0, 4095))
LDR_INDEXED = st.builds(lambda t, n, m: wide(0xF850 | n, t << 12 | m), ANY, ANY, ANY)
STR = st.builds(lambda t, n, o: wide(0xF8C0 | n, t << 12 | o), ANY, ANY, st.integers(0, 4095))
STR_INDEXED = st.builds(lambda t, n, m: wide(0xF840 | n, t << 12 | m), ANY, ANY, ANY)
LDR_POST = st.builds(lambda t, n: wide(0xF850 | n, (t if t != n else (t + 1) % 13) << 12 | 0xB04), ANY, ANY)
LDRD = st.builds(lambda t, n: wide(0xE9D0 | n, t << 12 | (t + 1) << 8), st.integers(0, 11), ANY)
STRD = st.builds(lambda t, n: wide(0xE9C0 | n, t << 12 | (t + 1) << 8), st.integers(0, 11), ANY)
LDM = st.builds(lambda n, r: wide(0xE890 | n, r | 3), ANY, st.integers(0, 0x1FFF))
NARROW = st.builds(lambda d, n, m, t, b: pair(0x1800 | m << 6 | n << 3 | d, 0x6800 | b << 3 | t), LOW, LOW, LOW, LOW, LOW)
NARROW_STORE = st.builds(lambda t, b, d: pair(0x6000 | b << 3 | t, 0x1C00 | 1 << 6 | d), LOW, LOW, LOW)
NOP = st.just(pair(0xBF00, 0xBF00)) | st.just(wide(0xF3AF, 0x8000))

LOADS = st.one_of(ALU, SHIFT, MULTIPLY, ACCUMULATE, LONG, LDR, LDR_INDEXED, LDR_POST, LDRD, LDM, NARROW)
STORES = st.one_of(ALU, SHIFT, MULTIPLY, LONG, STR, STR_INDEXED, STRD, NARROW_STORE)


def instructions(code: list[bytes]) -> list[Instruction]:
    return list(decode(b"".join(code), 0))


def pipeline(trace: list[Instruction]) -> int:
    machine = Pipeline(Parameters().values(Bound.BEST))
    machine.run(trace, Fetch(0))
    return machine.free


@given(st.lists(LOADS, min_size=1, max_size=24))
def test_loads_and_arithmetic(code: list[bytes]) -> None:
    trace = instructions(code)
    assert pipeline(trace) == core(trace)


@given(st.lists(STORES, min_size=1, max_size=24))
def test_stores_and_arithmetic(code: list[bytes]) -> None:
    trace = instructions(code)
    assert pipeline(trace) == core(trace)


@settings(max_examples=200)
@given(st.lists(st.one_of(LOADS, STORES, NOP), min_size=1, max_size=24))
def test_loads_and_stores_lie_between_the_two_readings(code: list[bytes]) -> None:
    trace = instructions(code)
    assert core(trace) - crowded(trace) <= pipeline(trace) <= core(trace, store_hides_behind_load=False) + crowded(trace)


def crowded(trace: list[Instruction]) -> int:
    """How often a NOP meets a load or store, where the rules of three instructions in a row are nobody's: NOP; NOP behind
    a load, or a load behind a NOP that ran in a store's cycle."""
    kinds = [i.kind for i in trace]
    return sum(Kind.NOP in two for two in zip(kinds, kinds[1:], strict=False))


S = st.integers(0, 15)


def fp_code(operation: FpOperation | None) -> bytes:
    if operation is None:
        return wide(0xEB01, 0x0002)  # add.w r0, r1, r2
    what, d, (n, *rest), _ = operation
    m = rest[0] if rest else n
    first = {"simple": 0xEE30, "mac": 0xEE00, "divide": 0xEE80}[what]  # VADD, VMLA, VDIV .F32
    return wide(first | (d & 1) << 6 | n >> 1, d >> 1 << 12 | 0x0A00 | (n & 1) << 7 | (m & 1) << 5 | m >> 1)


OPERATION = st.tuples(st.sampled_from(("simple", "mac", "divide")), S, st.tuples(S, S)).map(
    lambda o: (o[0], o[1], o[2], o[1] if o[0] == "mac" else -1)
)


@given(st.lists(st.one_of(st.none(), OPERATION), min_size=1, max_size=24))
def test_floating_point(operations: list[FpOperation | None]) -> None:
    trace = instructions([fp_code(operation) for operation in operations])
    assert len(trace) == len(operations)
    assert pipeline(trace) == floating_point(operations)


def test_the_two_readings_of_a_load_and_a_store() -> None:
    trace = instructions([wide(0xF8D1, 0x0000), wide(0xF8C2, 0x0000)])  # ldr.w r0, [r1]; str.w r0, [r2]
    assert core(trace) == 2  # jnk0le
    assert core(trace, store_hides_behind_load=False) == 3  # DDI 0337I 3.3.2

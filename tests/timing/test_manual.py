from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsim.cortex_m.decode import Kind, decode
from cmsim.timing import DEFAULT, MODELS, Instructions, Manual
from cmsim.timing.manual import FIXED, PER_WORD, cost


def encoded(*halfwords: int) -> bytes:
    return b"".join(h.to_bytes(2, "little") for h in halfwords)


@pytest.mark.parametrize(
    ("halfwords", "cycles"),
    [
        # DDI 0439D, table 3-1; branches without the refill that a jump adds
        ((0x1888,), 1),  # adds r0, r1, r2
        ((0x4348,), 1),  # muls r0, r1
        ((0xFB01, 0x3002), 1),  # mla r0, r1, r2, r3
        ((0xFB81, 0x0302), 1),  # smull r0, r3, r1, r2
        ((0xFBB1, 0xF0F2), 7),  # udiv r0, r1, r2: between 2 and 12
        ((0x6808,), 2),  # ldr r0, [r1]
        ((0x4801,), 2),  # ldr r0, [pc, #4]
        ((0x6008,), 2),  # str r0, [r1]
        ((0xE9D1, 0x0200), 3),  # ldrd r0, r2, [r1]
        ((0xE9C1, 0x0200), 3),  # strd r0, r2, [r1]
        ((0xB510,), 3),  # push {r4, lr}
        ((0xBD10,), 3),  # pop {r4, pc}
        ((0xC90F,), 5),  # ldm r1!, {r0-r3}
        ((0xE851, 0x0F00), 2),  # ldrex r0, [r1]
        ((0xE8D1, 0xF000), 2),  # tbb [r1, r0]
        ((0xE7FE,), 1),  # b .
        ((0xD0FE,), 1),  # beq .
        ((0xF000, 0xF800), 1),  # bl
        ((0x4770,), 1),  # bx lr
        ((0xB108,), 1),  # cbz
        ((0xBF08,), 1),  # it eq
        ((0xBF00,), 1),  # nop
        ((0xBF30,), 1),  # wfi, besides sleeping
        ((0xF3BF, 0x8F4F), 1),  # dsb
        ((0xF3EF, 0x8010), 2),  # mrs r0, primask
        ((0xF380, 0x8810), 2),  # msr primask, r0
        ((0xB672,), 1),  # cpsid i
        # table 7-1
        ((0xEE30, 0x0A20), 1),  # vadd.f32 s0, s0, s1
        ((0xEE20, 0x0A20), 1),  # vmul.f32
        ((0xEE00, 0x0A20), 3),  # vmla.f32
        ((0xEEA0, 0x0A20), 3),  # vfma.f32
        ((0xEE80, 0x0A20), 14),  # vdiv.f32
        ((0xEEB1, 0x0AC0), 14),  # vsqrt.f32
        ((0xED91, 0x0A00), 2),  # vldr s0, [r1]
        ((0xED91, 0x0B00), 3),  # vldr d0, [r1]
        ((0xED81, 0x0A00), 2),  # vstr s0, [r1]
        ((0xECB1, 0x0A04), 5),  # vldm r1!, {s0-s3}
        ((0xED2D, 0x8B04), 5),  # vpush {d8, d9}: 1 + 2 * N
        ((0xEE10, 0x0A10), 1),  # vmov r0, s0
        ((0xEC51, 0x0B10), 2),  # vmov r0, r1, d0
        ((0xEEF1, 0xFA10), 1),  # vmrs apsr, fpscr
    ],
)
def test_cost(halfwords: tuple[int, ...], cycles: int) -> None:
    assert cost(next(decode(encoded(*halfwords), 0x100))) == cycles


def test_every_kind_has_a_price() -> None:
    assert set(FIXED) | PER_WORD == set(Kind)
    assert not set(FIXED) & PER_WORD


def test_exceptions() -> None:
    model = Manual()
    assert (model.exception_entry, model.exception_entry_fp) == (12, 29)
    assert (model.exception_return, model.exception_return_fp) == (10, 27)
    assert (model.tail_chain, model.refill(next(decode(encoded(0x4770), 0))).best) == (6, 1)


def test_a_block_is_the_sum_of_its_instructions() -> None:
    code = encoded(0x6808, 0x1888, 0xFBB1, 0xF0F2, 0xE7FE)
    result = Manual().block(list(decode(code, 0x100)))
    assert result.starts == (0, 2, 3, 10, 11)
    assert result.cycles == 11


@given(st.binary(max_size=60).map(lambda b: b[: len(b) & ~1]))
def test_starts_never_go_back_and_match_the_instructions(code: bytes) -> None:
    instructions = list(decode(code, 0))
    for model in (Manual(), Instructions()):
        starts = model.block(instructions).starts
        assert len(starts) == len(instructions) + 1
        assert list(starts) == sorted(set(starts))


def test_the_instruction_model_counts_instructions() -> None:
    model = Instructions()
    assert model.block(list(decode(encoded(0x6808, 0xFBB1, 0xF0F2), 0))).cycles == 2
    assert model.refill(next(decode(encoded(0x4770), 0))).best == model.exception_entry == model.tail_chain == 0


def test_names() -> None:
    assert {name: MODELS[name]().name for name in MODELS} == {name: name for name in MODELS}
    assert DEFAULT in MODELS

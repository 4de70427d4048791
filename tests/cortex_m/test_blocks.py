"""The block table by itself: what is found out about a block from its bytes. No Unicorn."""

from __future__ import annotations

import ctypes as ct
from typing import Any

import pytest

from cmsim.cortex_m.analysis import HookRequest
from cmsim.cortex_m.blocks import BlockTable, CodeMemory
from cmsim.cortex_m.hot import Access, BlockFlag, Check, Detail, Divide, HookKind, Place
from cmsim.timing import Manual

FLASH, RAM = 0, 0x2000_0000
R1, SP, LR = 1, 13, 14
NOP, BX_LR = 0xBF00, 0x4770
LDRD_R2_R3_R1 = (0xE9D1, 0x2300)  # ldrd r2, r3, [r1]


class Bench:
    """Flash and RAM of 4 KB; `put` and `learn` a block, look at its slot."""

    def __init__(self) -> None:
        self.flash, self.ram = bytearray(0x1000), bytearray(0x1000)
        self.table = BlockTable((CodeMemory(FLASH, self.flash, False), CodeMemory(RAM, self.ram, True)), Manual())
        self.hooks: list[HookRequest] = []
        self.sev: list[int] = []
        self.table.request_hook = self.hooks.append
        self.table.request_sev = self.sev.append

    def put(self, address: int, *halfwords: int) -> int:
        """Store code; its size."""
        memory, base = (self.ram, RAM) if address >= RAM else (self.flash, FLASH)
        for n, halfword in enumerate(halfwords):
            memory[address - base + 2 * n : address - base + 2 * n + 2] = halfword.to_bytes(2, "little")
        return 2 * len(halfwords)

    def learn(self, address: int, *halfwords: int) -> bool:
        return self.table.learn(address, self.put(address, *halfwords))

    def slot(self, address: int) -> Any:
        room, slot = self.table._find(address)
        return room.table[slot]

    def flags(self, address: int) -> BlockFlag:
        return BlockFlag(int(self.slot(address)["key"]) >> 16)

    def detail(self, address: int) -> Detail:
        return Detail.from_address(int(self.slot(address)["detail"]))

    def size(self, address: int) -> int:
        return int(self.slot(address)["key"]) & 0xFFFF

    def sums(self, address: int) -> list[tuple[dict[int, int], int, int, int]]:
        """({register: times}, mask, number of the instruction, add)."""
        detail = self.detail(address)
        found = (Check * detail.check_count).from_address(detail.checks) if detail.check_count else []
        return [({c.reg: c.times} | ({c.other: c.other_times} if c.other_times else {}), c.mask, c.ordinal, c.add)
                for c in found]  # fmt: skip

    def checks(self, address: int) -> list[tuple[int, int, int, int]]:
        """(register, mask, number of the instruction, add), where each is of one register."""
        return [(*terms, mask, ordinal, add) for terms, mask, ordinal, add in self.sums(address)]

    def divides(self, address: int) -> list[tuple[tuple[int, ...], tuple[int, ...], int, int, int]]:
        """(dividend, divisor, number of the instruction, signed, traps), operands as (register, in_stack, offset, add)."""
        detail = self.detail(address)
        found = (Divide * detail.divide_count).from_address(detail.divides) if detail.divide_count else []
        return [(*((o.reg, o.in_stack, o.offset, o.add) for o in (d.dividend, d.divisor)), d.ordinal, d.is_signed,
                 d.traps) for d in found]  # fmt: skip


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --- what a slot says ---------------------------------------------------------------------------------------


def test_cost_count_and_size(bench: Bench) -> None:
    assert not bench.learn(0x100, 0x6808, 0x1888, 0xFBB1, 0xF0F2, BX_LR)  # ldr, adds, udiv, bx
    slot = bench.slot(0x100)
    assert (slot["cycles"], slot["instructions"], slot["key"]) == (2 + 1 + 7 + 1, 4, 10)


def test_places_tell_where_each_instruction_stands(bench: Bench) -> None:
    bench.learn(0x100, 0x6808, 0xFBB1, 0xF0F2, BX_LR)
    places = (Place * 4).from_address(bench.detail(0x100).places)
    assert [(places[n].start, places[n].ordinal) for n in (0, 1, 3)] == [(0, 0), (2, 1), (9, 2)]
    found = bench.table.instruction_at(0x100, 0x106)
    assert found is not None
    assert (found[0], found[1].starts) == (2, (0, 2, 9, 10))
    assert bench.table.instruction_at(0x100, 0x104) is None
    assert bench.table.instruction_at(0x200, 0x200) is None


def test_the_code_is_kept_to_notice_changes(bench: Bench) -> None:
    bench.learn(RAM + 0x10, NOP, BX_LR)
    code = bench.detail(RAM + 0x10).code
    assert ct.string_at(code, 4) == bytes(bench.ram[0x10:0x14])
    bench.put(RAM + 0x10, BX_LR)
    assert ct.string_at(code, 4) != bytes(bench.ram[0x10:0x14])


def test_only_ram_is_compared_with_what_was_learnt(bench: Bench) -> None:
    flash, ram = bench.table.regions
    assert flash.memory is None
    assert ram.memory == ct.addressof((ct.c_char * 1).from_buffer(bench.ram))


@pytest.mark.parametrize(
    ("halfwords", "flags"),
    [
        ((NOP,), BlockFlag(0)),
        ((0xEE30, 0x0A20), BlockFlag.FP),  # vadd
        ((0xED91, 0x0A00), BlockFlag.FP | BlockFlag.CHECKED),  # vldr
        ((0xC90C,), BlockFlag.CHECKED),  # ldm r1!, {r2, r3}
        ((0xC90C, 0x3104), BlockFlag.CHECKED),  # and adds r1, #4
        ((0xC90C, 0x3102), BlockFlag.CHECKED | BlockFlag.CHANGES),  # and adds r1, #2
        ((0xE9D1, 0x1300), BlockFlag.CHECKED | BlockFlag.CHANGES),  # ldrd r1, r3, [r1]
        ((0xB672,), BlockFlag.MASKS),  # cpsid i
        ((0xF380, 0x8811), BlockFlag.MASKS),  # msr basepri, r0
        ((0xF3EF, 0x8010), BlockFlag(0)),  # mrs
        ((0xB510,), BlockFlag.STACK),  # push {r4, lr}
        ((0xBD10,), BlockFlag(0)),  # pop {r4, pc}
        ((0xB082,), BlockFlag.STACK),  # sub sp, #8
        ((0xB002,), BlockFlag(0)),  # add sp, #8
        ((0x46BD,), BlockFlag.STACK | BlockFlag.ALLOCA),  # mov sp, r7
        ((0xE92D, 0x4010), BlockFlag.STACK),  # push.w
        ((0xED2D, 0x8B02), BlockFlag.STACK | BlockFlag.FP),  # vpush {d8}: SP is always aligned
        ((0xE8D1, 0xF000), BlockFlag(0)),  # tbb
    ],
)
def test_flags(bench: Bench, halfwords: tuple[int, ...], flags: BlockFlag) -> None:
    assert not bench.learn(0x100, *halfwords)
    assert bench.flags(0x100) == flags


@pytest.mark.parametrize(
    ("halfwords", "low"),
    [
        ((NOP,), 0), ((0xB510,), -8), ((0xB5F0, 0xB084), -20 - 16), ((0xB510, 0xBC10, 0xB510), -12),
        ((0xB510, 0xBD10), -8), ((0xB082, 0xB002, 0xB081), -8), ((0xF5AD, 0x7D00), -512), ((0xF2AD, 0x4D04), -0x404),
        ((0xED2D, 0x8B04), -16), ((0xF84D, 0xED04), -4),
    ],
)  # fmt: skip
def test_how_deep_a_block_takes_the_stack(bench: Bench, halfwords: tuple[int, ...], low: int) -> None:
    bench.learn(0x100, *halfwords)
    assert bench.detail(0x100).stack_low == low


# --- alignment ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("halfwords", "checks"),
    [
        (LDRD_R2_R3_R1, [(R1, 3, 0, 0)]),
        ((0xE9D1, 0x2301), [(R1, 3, 0, 0)]),  # + 4
        ((0xC90C,), [(R1, 3, 0, 0)]),  # ldm r1!, {r2, r3}
        ((0xE851, 0x0F01), [(R1, 3, 0, 0)]),  # ldrex
        ((0xE8D1, 0x0F5F), [(R1, 1, 0, 0)]),  # ldrexh
        ((0xE8D1, 0x0F4F), []),  # ldrexb
        ((0xED91, 0x0B00), [(R1, 3, 0, 0)]),  # vldr d0
        ((0x6808,), []),  # ldr: silicon splits it
        ((0xE9DD, 0x2300), []),  # ldrd [sp]: always aligned
        ((0xE9DE, 0x2300), [(LR, 3, 0, 0)]),  # ldrd [lr]
        # The base moves by known steps before.
        ((0xC90C, *LDRD_R2_R3_R1), [(R1, 3, 0, 0)]),
        ((0xF811, 0x0B01, *LDRD_R2_R3_R1), [(R1, 3, 1, 1)]),  # ldrb r0, [r1], #1 first
        ((0xF831, 0x0F02, 0xF831, 0x0F03, *LDRD_R2_R3_R1), [(R1, 3, 2, 1)]),  # + 2 + 3
        ((0xF811, 0x0901, *LDRD_R2_R3_R1), [(R1, 3, 1, 3)]),  # - 1
        ((0xF81E, 0x0B01, 0xE9DE, 0x2300), [(LR, 3, 1, 1)]),
        # It is copied, or computed from registers.
        ((0x4611, *LDRD_R2_R3_R1), [(2, 3, 1, 0)]),  # mov r1, r2
        ((0x3106, *LDRD_R2_R3_R1), [(R1, 3, 1, 2)]),  # adds r1, #6
        ((0xEB02, 0x0183, *LDRD_R2_R3_R1), [(2, 3, 1, 0)]),  # add r1, r2, r3, lsl #2
        ((0xF021, 0x0103, *LDRD_R2_R3_R1), []),  # bic r1, r1, #3
        ((0x6809, 0x0089, *LDRD_R2_R3_R1), []),  # ldr r1, [r1]; lsls r1, r1, #2
        ((0xA901, *LDRD_R2_R3_R1), []),  # add r1, sp, #4
        ((0xF240, 0x0104, 0xF2C2, 0x0100, *LDRD_R2_R3_R1), []),  # movw, movt r1, #0x20000004
        # The same condition twice is looked at once, under the first instruction's number.
        ((*LDRD_R2_R3_R1, NOP, *LDRD_R2_R3_R1), [(R1, 3, 0, 0)]),
    ],
)
def test_checks_at_the_entry(bench: Bench, halfwords: tuple[int, ...], checks: list[tuple[int, int, int, int]]) -> None:
    assert not bench.learn(0x100, *halfwords)
    assert bench.checks(0x100) == checks
    assert bool(bench.flags(0x100) & BlockFlag.CHECKED) == bool(checks)


@pytest.mark.parametrize(
    "before",
    [(0x6809,), (0x4351,), (0x0849,), (0xC906,), (0xF000, 0xF800), (0xBF08, 0xF811, 0x0B01), (0xF841, 0x1B04, 0x6809)],
    ids=["ldr r1, [r1]", "muls r1", "lsrs r1, #1", "ldm r1, {r1, r2}", "bl and lr", "conditional step", "store first"],
)
def test_a_base_that_is_not_known_asks_for_a_hook(bench: Bench, before: tuple[int, ...]) -> None:
    base = LR if before == (0xF000, 0xF800) else R1
    access = (0xE9D0 | base, 0x2300)
    address = 0x100 + 2 * len(before)
    assert bench.learn(0x100, *before, *access)
    request = bench.hooks[-1]
    assert (request.kind, request.address, request.operand) == (HookKind.ALIGNMENT, address, 3)
    assert request.access is not None
    assert (request.access.base, request.access.index, request.access.displacement) == (base, 255, 0)
    assert bench.slot(0x100)["instructions"] == 0  # not learnt before the hook is there
    assert not bench.table.learn(0x100, 2 * len(before) + 4)
    assert not any(reg == base and ordinal for reg, _, ordinal, _ in bench.checks(0x100))


def test_a_conditional_access_asks_for_a_hook(bench: Bench) -> None:
    assert bench.learn(0x100, 0xBF08, *LDRD_R2_R3_R1)
    assert [(r.kind, r.address) for r in bench.hooks] == [(HookKind.ALIGNMENT, 0x102)]


def test_an_index_is_part_of_the_sum_when_words_must_be_aligned(bench: Bench) -> None:
    assert not bench.learn(0x100, 0x5888)  # ldr r0, [r1, r2]
    assert bench.sums(0x100) == []
    bench.table.traps.unaligned = True
    assert not bench.learn(0x200, 0x5888)
    assert bench.sums(0x200) == [({1: 1, 2: 1}, 3, 0, 0)]
    assert bench.learn(0x300, 0xBF08, 0x5888)  # it eq
    (request,) = bench.hooks
    assert request.access is not None
    assert (request.access.base, request.access.index, request.operand) == (1, 2, 3)


def test_unalign_trp_checks_words_and_halfwords(bench: Bench) -> None:
    bench.table.traps.unaligned = True
    bench.learn(0x100, 0x6808, 0x8858, 0x7808)  # ldr [r1], ldrh [r3, #2], ldrb [r1]
    assert bench.checks(0x100) == [(1, 3, 0, 0), (3, 1, 1, 0)]


def test_sums_of_two_registers_are_checked_and_of_three_hooked(bench: Bench) -> None:
    assert not bench.learn(0x100, 0x1889, 0x3101, *LDRD_R2_R3_R1)  # adds r1, r1, r2; adds r1, #1
    assert bench.sums(0x100) == [({1: 1, 2: 1}, 3, 2, 1)]
    assert not bench.learn(0x200, 0xEB02, 0x0143, *LDRD_R2_R3_R1)  # add r1, r2, r3, lsl #1
    assert bench.sums(0x200) == [({2: 1, 3: 2}, 3, 1, 0)]
    assert bench.learn(0x300, 0x1889, 0x18C9, *LDRD_R2_R3_R1)  # adds r1, r1, r2; adds r1, r1, r3
    assert [(r.kind, r.address) for r in bench.hooks] == [(HookKind.ALIGNMENT, 0x304)]


UDIV_R0_R1_R2 = (0xFBB1, 0xF0F2)


def test_div_0_trp_is_checked_at_the_entry(bench: Bench) -> None:
    assert not bench.learn(0x100, *UDIV_R0_R1_R2)
    assert bench.divides(0x100) == []  # the manual's table charges the middle
    bench.table.traps.divide = True
    assert not bench.learn(0x200, NOP, *UDIV_R0_R1_R2)
    assert bench.divides(0x200) == [((1, 0, 0, 0), (2, 0, 0, 0), 1, 0, 1)]
    assert not bench.learn(0x300, 0xFB91, 0xF0F2)
    assert bench.divides(0x300)[0][3] == 1  # sdiv


@pytest.mark.parametrize(
    ("before", "dividend"),
    [
        ((0x9902,), (SP, 1, 8, 0)),  # ldr r1, [sp, #8]
        ((0xB082, 0x9903), (SP, 1, 4, 0)),  # sub sp, #8; ldr r1, [sp, #12]
        ((0x9902, 0x3105), (SP, 1, 8, 5)),
        ((0x2107,), (255, 0, 0, 7)),  # movs r1, #7
        ((0x1F19,), (3, 0, 0, -4)),  # subs r1, r3, #4
    ],
)
def test_operands_of_divides(bench: Bench, before: tuple[int, ...], dividend: tuple[int, ...]) -> None:
    bench.table.traps.divide = True
    assert not bench.learn(0x100, *before, *UDIV_R0_R1_R2)
    assert bench.divides(0x100)[0][0] == dividend


@pytest.mark.parametrize(
    "before",
    [(0x6809,), (0x6019, 0x9902), (0x9102, 0x9902), (0xBF08,), (0x9902, 0x0049), (0x1889,)],
    ids=["ldr r1, [r1]", "a store that may change the stack", "a store that does", "conditional", "doubled", "a sum"],
)
def test_divides_whose_operands_are_not_known_ask_for_a_hook(bench: Bench, before: tuple[int, ...]) -> None:
    bench.table.traps.divide = True
    assert bench.learn(0x100, *before, *UDIV_R0_R1_R2)
    request = bench.hooks[0]
    assert (request.kind, request.address, request.operand) == (
        HookKind.DIVIDE, 0x100 + 2 * len(before), 0xFBB1_F0F2
    )  # fmt: skip


def test_a_divide_with_a_hook_is_left_to_it_by_every_block(bench: Bench) -> None:
    bench.table.traps.divide = True
    assert not bench.learn(0x102, *UDIV_R0_R1_R2)
    assert bench.divides(0x102)
    assert bench.learn(0x100, 0x6809, *UDIV_R0_R1_R2)
    assert bench.size(0x102) == 0  # to be learnt anew
    assert not bench.learn(0x102, *UDIV_R0_R1_R2)
    assert bench.divides(0x102) == []


def test_sev_is_asked_for_once(bench: Bench) -> None:
    assert bench.learn(0x100, NOP, 0xBF40)
    assert bench.sev == [0x102]
    assert not bench.table.learn(0x100, 4)


# --- watching ------------------------------------------------------------------------------------------------


def test_watching_an_address_that_has_not_run(bench: Bench) -> None:
    assert not bench.table.watch(0x100)
    bench.learn(0x100, NOP, BX_LR)
    assert bench.flags(0x100) == BlockFlag.WATCHED
    assert bench.hooks == []


def test_watching_the_start_of_a_block_and_stopping_it(bench: Bench) -> None:
    bench.learn(0x100, NOP, BX_LR)
    assert not bench.table.watch(0x100)
    assert bench.flags(0x100) == BlockFlag.WATCHED
    bench.table.unwatch(0x100)
    assert bench.flags(0x100) == 0
    assert bench.slot(0x100)["instructions"] == 2  # not forgotten for that


def test_watching_within_a_block_learns_it_anew_with_a_hook(bench: Bench) -> None:
    bench.learn(0x100, NOP, NOP, BX_LR)
    assert bench.table.watch(0x102)
    assert bench.size(0x100) == 0
    assert bench.table.learn(0x100, 6)
    assert [(r.kind, r.address) for r in bench.hooks] == [(HookKind.WATCH, 0x102)]
    assert not bench.table.learn(0x100, 6)
    assert bench.flags(0x100) == 0
    bench.learn(0x102, NOP, BX_LR)
    assert bench.flags(0x102) == BlockFlag.WATCHED


def test_watching_there_again_needs_nothing_new(bench: Bench) -> None:
    bench.learn(0x100, NOP, NOP, BX_LR)
    bench.table.watch(0x102)
    bench.table.learn(0x100, 6)
    bench.table.learn(0x100, 6)
    bench.table.unwatch(0x102)
    assert not bench.table.watch(0x102)  # the hook is still there, and is only enabled
    assert bench.slot(0x100)["instructions"] == 3


def test_a_block_learnt_later_that_contains_a_watched_address_asks_too(bench: Bench) -> None:
    bench.table.watch(0x104)
    assert bench.learn(0x100, NOP, NOP, BX_LR)
    assert [(r.kind, r.address) for r in bench.hooks] == [(HookKind.WATCH, 0x104)]


def test_addresses_outside_code_memory_cannot_be_watched(bench: Bench) -> None:
    with pytest.raises(LookupError, match="0x40000000 is not code memory"):
        bench.table.watch(0x4000_0000)


# --- forgetting ----------------------------------------------------------------------------------------------


def test_forget_range_forgets_what_overlaps(bench: Bench) -> None:
    for address in (0x100, 0x104, 0x108):
        bench.learn(address, NOP, BX_LR)
    bench.table.forget_range(0x106, 2)
    assert [bench.size(a) for a in (0x100, 0x104, 0x108)] == [4, 0, 4]
    bench.table.forget_all()
    assert not any(bench.size(a) for a in (0x100, 0x104, 0x108))


def test_changed_code_is_learnt_anew(bench: Bench) -> None:
    bench.learn(RAM, 0x1888, BX_LR)
    bench.learn(RAM, 0xBF08, *LDRD_R2_R3_R1)
    bench.learn(RAM, 0xFBB1, 0xF0F2)
    assert (bench.slot(RAM)["cycles"], bench.size(RAM)) == (7, 4)


def test_an_access_is_the_operand_of_its_instruction(bench: Bench) -> None:
    bench.learn(0x100, 0xF851, 0x0022)  # ldr.w r0, [r1, r2, lsl #2]
    access = Access.of(bench.table.learned[0x100].instructions[0])
    assert (access.base, access.index, access.shift, access.displacement) == (1, 2, 2, 0)

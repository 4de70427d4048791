"""Loops of one block are charged by a shortcut: nothing that a run tells may depend on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.assembler import machine

from cmsim.timing import Instructions, Manual

UNALIGNED = 1 << 24
ENABLE_USAGE_FAULT = "ldr r4, =0xE000ED24\n ldr r5, =1 << 18\n str r5, [r4]\n"
CACHE_ON = "ldr r4, =0x4001E540\n movs r5, #1\n str r5, [r4]\n"

LOOPS = {
    "short": "1: subs r0, #1\n bne 1b",
    "loads from flash": "ldr r1, =table\n 1: ldr r2, [r1]\n subs r0, #1\n bne 1b",
    "long": "1: .rept 60\n add.w r2, r2, r2\n .endr\n subs r0, #1\n bne 1b",
    "steady pointer": "ldr r1, =0x20000000\n 1: ldrd r2, r3, [r1], #8\n subs r0, #1\n bne 1b",
    "unaligned": "ldr r1, =0x20000001\n b 1f\n 1: ldr r2, [r1]\n ldrh r3, [r1, #2]\n subs r0, #1\n bne 1b",
    "drifting": "ldr r1, =0x20000000\n b 1f\n 1: ldr r2, [r1], #3\n subs r0, #1\n bne 1b",
    "unaligned by an index": "ldr r1, =0x20000000\n b 1f\n 1: and r3, r0, #7\n ldr r2, [r1, r3]\n subs r0, #1\n bne 1b",
    "unaligned by two": "ldr r1, =0x20000000\n b 1f\n 1: ldr r2, [r1, r0]\n subs r0, #1\n bne 1b",
    "skipped": "ldr r1, =0x20000000\n 1: tst r0, #4\n ite ne\n ldmne r1, {r2, r3}\n ldreq r2, [r1]\n subs r0, #1\n bne 1b",
    "divide": "movs r1, #7\n 1: udiv r2, r0, r1\n subs r0, #1\n bne 1b",
    "from RAM into flash": "ldr r1, =0xFFFFF000\n 1: ldr r2, [r3]\n eor.w r3, r3, #0x20000000\n subs r0, #1\n bne 1b",
    "stack": "mov r6, sp\n 1: push {r1}\n pop {r1}\n subs r0, #1\n bne 1b",
}


def program(loop: str, rounds: int, setup: str) -> str:
    return f"main: {setup}\n ldr r0, ={rounds}\n {loop}\n done: wfi\n b done\n .align 2\n .pool\n table: .word 1\n"


@pytest.mark.parametrize("timing", ["silicon", "manual"])
@pytest.mark.parametrize("setup", ["", CACHE_ON], ids=["cache off", "cache on"])
@pytest.mark.parametrize("name", LOOPS)
def test_how_often_one_looks_changes_nothing(tmp_path: Path, name: str, setup: str, timing: str) -> None:
    """A run in pieces takes the long way at each of their ends."""
    reached: list[tuple[int, int, int]] = []
    for pieces in (1, 37):
        m = machine(tmp_path, program(LOOPS[name], 1000, setup), functions=["done"], timing=timing)
        m.on("done", lambda m: reached.append((m.cycles, m.record["cycles_low"], m.record["cycles_high"])))
        for _ in range(pieces):
            m.run(seconds=0.02 / pieces)
    whole, sliced = reached[0], reached[-1]
    assert whole[1] <= whole[0] <= whole[2]
    assert sliced == whole


@pytest.mark.parametrize("name", LOOPS)
def test_following_calls_counts_the_same(tmp_path: Path, name: str) -> None:
    """The call tree looks at the clock in front of each block."""
    clocks = []
    for options in ({}, {"profile": True}, {"coverage": True}):
        m = machine(tmp_path, program(LOOPS[name], 1000, CACHE_ON), functions=["done"], **options)
        reached: list[int] = []
        m.on("done", lambda m, reached=reached: reached.append(m.cycles))
        m.run(seconds=0.02)
        clocks.append(reached[0])
    assert len(set(clocks)) == 1


@pytest.mark.parametrize("timing", [Manual, Instructions])
@pytest.mark.parametrize("name", LOOPS)
def test_plain_models_need_no_more_than_the_plain_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, timing: type[Manual] | type[Instructions]
) -> None:
    records = []
    for plain in (True, False):
        monkeypatch.setattr(timing, "plain", plain)
        m = machine(tmp_path, program(LOOPS[name], 1000, CACHE_ON), timing=timing.name)
        m.run(seconds=0.02)
        record = dict(m.record)
        del record["wall_seconds"]
        assert record["cycles_low"] == record["cycles"] == record["cycles_high"]
        records.append(record)
    assert records[0] == records[1]


@pytest.mark.parametrize("timing", ["manual", "silicon"])
def test_hits_are_counted_while_they_are_asked_for(tmp_path: Path, timing: str) -> None:
    """IHIT and IMISS count fetched words (nRF52840 PS, NVMC) from the store to ICACHECNF on, in a loop too."""
    source = """
        main: ldr r4, =0x4001E540
              movs r0, #100
        1:    cmp r0, #50
              ite gt
              movgt r5, #1          @ CACHEEN
              movle.w r5, #0x101    @ CACHEPROFEN too
              str r5, [r4]
              subs r0, #1
              bne 1b
              ldr r1, [r4, #8]      @ IHIT
              ldr r2, [r4, #12]     @ IMISS
              wfi
        """
    m = machine(tmp_path, source, timing=timing)
    m.run(seconds=0.001)
    hits, misses = m.registers["r1"], m.registers["r2"]
    assert 49 * 4 <= hits <= 52 * 6
    assert misses <= 2


def test_each_round_costs_the_same(tmp_path: Path) -> None:
    """SUBS and a taken BNE: 1 + 2 cycles of the manual (DDI 0439D, table 3-1; P = 1)."""
    cycles = {}
    for rounds in (3, 4, 5, 1003):
        m = machine(tmp_path, program(LOOPS["short"], rounds, ""), functions=["done"], timing="manual")
        m.on("done", lambda m, rounds=rounds: cycles.setdefault(rounds, m.cycles))
        m.run(seconds=0.001)
    each = cycles[4] - cycles[3]
    assert cycles[5] - cycles[4] == each
    assert cycles[1003] - cycles[3] == 1000 * each


def until_the_fault(directory: Path, loop: str) -> tuple[int, int]:
    """(R0, CFSR) where a loop of 100 rounds over R1 ends in a usage fault, or by itself."""
    source = f"""
        main: {ENABLE_USAGE_FAULT}
              ldr r1, =0x20000000
              movs r0, #100
              {loop}
              subs r0, #1
              bne 1b
              b .
        fault: ldr r7, =0xE000ED28
              ldr r7, [r7]
              b .
        """
    m = machine(directory, source, handlers={6: "fault"})
    m.run(seconds=0.001)
    return m.registers["r0"], m.registers["r7"]


@pytest.mark.parametrize(("step", "rounds_before"), [(2, 1), (1, 1), (6, 1), (4, None)])
def test_a_pointer_that_loses_its_alignment_on_the_way_faults(
    tmp_path: Path, step: int, rounds_before: int | None
) -> None:
    ended = until_the_fault(tmp_path, f"1: ldrd r2, r3, [r1]\n adds r1, #{step}")
    assert ended == ((0, 0) if rounds_before is None else (100 - rounds_before, UNALIGNED))


def test_a_pointer_by_an_index_that_changes_is_looked_at_each_time(tmp_path: Path) -> None:
    loop = "movs r5, #0\n 1: add r6, r1, r5\n ldm r6, {r2, r3}\n cmp r0, #90\n it eq\n moveq r5, #1"
    assert until_the_fault(tmp_path, loop) == (89, UNALIGNED)


def test_a_watched_loop_stops_each_time(tmp_path: Path) -> None:
    m = machine(tmp_path, "main: movs r0, #50\n loop: subs r0, #1\n bne loop\n b .", functions=["loop"])
    seen: list[int] = []
    m.on("loop", lambda m: seen.append(m.registers["r0"]))
    m.run(seconds=0.001)
    assert seen == list(range(50, 0, -1))


def test_a_lap_that_switches_the_cache_is_charged_by_what_it_switched_to(tmp_path: Path) -> None:
    """The loop stores to ICACHECNF: off in its second half, on in its first."""
    source = """
        main: ldr r4, =0x4001E540
              movs r0, #200
        1:    lsrs r5, r0, #6
              ands r5, r5, #1
              str r5, [r4]
              .rept 24
              add.w r2, r2, r2
              .endr
              subs r0, #1
              bne 1b
        done: wfi
              b done
        """
    clocks = set()
    for pieces in (1, 50):
        m = machine(tmp_path, source, functions=["done"])
        reached: list[int] = []
        m.on("done", lambda m, reached=reached: reached.append(m.cycles))
        for _ in range(pieces):
            m.run(seconds=0.001 / pieces)
        clocks.add(reached[0])
    assert len(clocks) == 1


POLL = """
    main:   ldr r4, =0x40000000     @ CLOCK
            movs r5, #1
            str r5, [r4, #8]        @ TASKS_LFCLKSTART
            ldr r6, =0x104          @ EVENTS_LFCLKSTARTED
            movs r0, #0
    1:      adds r0, #1
            ldr r1, [r4, r6]
            cmp r1, #0
            beq 1b
    done:   wfi
            b done
    """


POLL_SEVERAL = POLL.replace("ldr r1, [r4, r6]", """ldr r1, [r4, #0x100]
            ldr r2, =0x400
            ldr r1, [r4, r2]
            ldr r2, =0x40C
            ldr r1, [r4, r2]
            ldr r1, [r4, r6]""")


@pytest.mark.parametrize(("source", "registers"), [(POLL, 1), (POLL_SEVERAL, 4)])
def test_a_polled_event_is_seen_when_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, registers: int
) -> None:
    """Native code answers until something happens; asked each time, Python says the same at the same cycle."""
    seen, asked = [], []
    for native in (True, False):
        m = machine(tmp_path, source, functions=["done"])
        if not native:
            monkeypatch.setattr(m.cpu.bus, "stores", lambda address: False)
        read = m.cpu.bus.read
        reads: list[int] = []
        monkeypatch.setattr(m.cpu.bus, "read", lambda *a, read=read, reads=reads: (reads.append(a[0]), read(*a))[1])
        m.on("done", lambda m: seen.append((m.cycles, m.instructions, m.registers["r0"])))
        m.run(seconds=0.3)
        asked.append(len(reads))
    assert seen[0] == seen[1]
    assert asked[1] == seen[1][2] * registers
    assert asked[0] < 20 * registers


def test_what_is_polled_may_be_written_in_between(tmp_path: Path) -> None:
    """GPREGRET is storage: each read gives what was stored last, through an alias of the bus or an interrupt too."""
    source = """
        main:  ldr r4, =0x4000051C
               movs r0, #0
        1:     str r0, [r4]
               ldr r1, [r4]
               ldr r2, [r4]
               ldr r3, [r4]
               cmp r1, r0
               bne bad
               cmp r2, r0
               bne bad
               cmp r3, r0
               bne bad
               adds r0, #1
               cmp r0, #200
               bne 1b
        done:  wfi
               b done
        bad:   b bad
        """
    m = machine(tmp_path, source, functions=["done", "bad"])
    reached: list[int] = []
    m.on("done", lambda m: reached.append(m.registers["r0"]))
    m.run(seconds=0.001)
    assert reached[0] == 200


@pytest.mark.parametrize(
    ("load", "more"),
    [("ldr.w r2, [r1, #4]", 0), ("ldr.w r2, [r1, #1]", 2), ("ldr.w r2, [r1, #2]", 1), ("ldr.w r2, [r1, #3]", 2),
     ("ldrh.w r2, [r1, #2]", 0), ("ldrh.w r2, [r1, #3]", 1), ("ldrsh.w r2, [r1, #1]", 1), ("ldrb.w r2, [r1, #1]", 0),
     ("ldr.w r2, [r1, r4]", 2), ("ldr.w r2, [r1, r4, lsl #1]", 1), ("ldr.w r2, [r1, r4, lsl #2]", 0)],
)  # fmt: skip
@pytest.mark.parametrize("known", [False, True], ids=["a pointer", "a known address"])
def test_unaligned_loads_cost_an_access_more_or_two(tmp_path: Path, load: str, more: int, known: bool) -> None:
    """Each time, from the first one on (i-0.nl compendium: byte-aligned halfword +1, words +1 and +2)."""
    pointer = "" if known else "b 1f"
    cycles = []
    for what in ("ldr.w r2, [r1, #4]", load):
        loop = f"""
                  {pointer}
            1:    {"ldr r1, =0x20000000" if known else ""}
                  {"movs r4, #1" if known else ""}
                  mov r8, r8
                  {what}
                  mov r8, r8
                  subs r0, #1
                  bne 1b
            """
        m = machine(tmp_path, program(loop, 100, "movs r4, #1\n ldr r1, =0x20000000"), functions=["done"])
        m.on("done", lambda m: cycles.append(m.cycles))
        m.run(seconds=0.001)
    assert cycles[1] - cycles[0] == 100 * more


def test_a_stop_behind_an_unaligned_load_stands_where_cyccnt_does(tmp_path: Path) -> None:
    source = """
        main:   ldr r3, =0xE000EDFC
                movs r4, #1
                lsls r4, r4, #24
                str r4, [r3]            @ DEMCR.TRCENA
                ldr r3, =0xE0001000
                movs r4, #1
                str r4, [r3]            @ DWT_CTRL.CYCCNTENA
                ldr r1, =0x20000001
                movs r0, #5
                b loop
        loop:   ldr.w r2, [r1]
        middle: ldr r5, [r3, #4]        @ CYCCNT
                ldr.w r2, [r1, #4]
                ldr.w r2, [r1, #8]
                subs r0, #1
                bne loop
        done:   wfi
                b done
        """
    m = machine(tmp_path, source, functions=["middle", "done"])
    stops: list[int] = []
    m.on("middle", lambda m: stops.append(m.cycles))
    plain = machine(tmp_path, source, functions=["middle", "done"])
    for each in (m, plain):
        each.run(seconds=0.001)
    assert m.cycles == plain.cycles
    assert m.registers["r5"] == plain.registers["r5"]
    assert len({later - earlier for earlier, later in zip(stops[1:], stops[2:], strict=False)}) == 1


@pytest.mark.parametrize(
    ("block", "saved"),
    [
        ("it {c}\n mov{c} r2, r3", (0, 0)),
        ("it {c}\n ldr{c} r2, [r1]", (1, 0)),
        ("it {c}\n ldm{c} r1, {{r2-r5}}", (4, 0)),
        ("it {c}\n strd{c} r2, r3, [r1]", (2, 0)),
        ("ite {c}\n ldm{c} r1, {{r2-r5}}\n mov{n} r2, r3", (4, 0)),
        ("ite {c}\n mov{c} r2, r3\n ldm{n} r1, {{r2-r5}}", (0, 4)),
        ("itete {c}\n ldm{c} r1, {{r2-r4}}\n mov{n} r2, r3\n mov{c} r2, r3\n ldm{n} r1, {{r2-r5}}", (3, 4)),
        ("itttt {c}\n mov{c} r2, r3\n mov{c} r2, r3\n mov{c} r2, r3\n ldm{c} r1, {{r2-r4}}", (3, 0)),
    ],
)
@pytest.mark.parametrize(
    ("flags", "true", "false"),
    [("cmp r6, r6", "eq", "ne"), ("cmp r6, r7", "lo", "hs"), ("cmp r6, r7", "mi", "pl"), ("adds r3, r6, r6", "vc", "vs"),
     ("cmp r7, r6", "hi", "ls"), ("cmp r7, r6", "ge", "lt"), ("cmp r7, r6", "gt", "le")],
)  # fmt: skip
def test_what_is_skipped_costs_one_cycle(
    tmp_path: Path, block: str, saved: tuple[int, int], flags: str, true: str, false: str
) -> None:
    """DDI 0439D, 3.3.1: an instruction whose condition fails takes one cycle."""
    cycles = {}
    for taken, (condition, opposite) in {True: (true, false), False: (false, true)}.items():
        loop = f"""
            1:    {flags}
                  {block.format(c=condition, n=opposite)}
                  mov r8, r8
                  subs r0, #1
                  bne 1b
            """
        m = machine(tmp_path, program(loop, 100, "movs r6, #1\n movs r7, #2\n ldr r1, =0x20000000"), functions=["done"])
        m.on("done", lambda m, taken=taken: cycles.setdefault(taken, (m.cycles, m.bounds)))
        m.run(seconds=0.001)
    executed, skipped = cycles[True][0], cycles[False][0]
    assert executed - skipped == 100 * (saved[0] - saved[1])
    for best, (low, high) in cycles.values():
        assert low <= best <= high


@pytest.mark.parametrize("body", [
    "here: it ne\n ldmne r1, {r2-r5}", "here: it eq\n ldmeq r1, {r2-r5}",
    "ldr r3, [r1]\n mul r3, r3, r3\n here: udiv r4, r0, r3", "ldr r3, [r1]\n mul r3, r3, r3\n here: sdiv r4, r0, r3",
])  # fmt: skip
def test_stopping_at_what_hooks_charge_changes_nothing(tmp_path: Path, body: str) -> None:
    """Watched from the start, watched when the loop has been learnt, and not at all."""
    source = f"""
        main: ldr r1, =0x20000000
              movs r0, #100
              movs r7, #3
              str r7, [r1]
              b 1f
        1:    cmp r0, r0
              mov r8, r8
              {body}
              mov r8, r8
              subs r0, #1
              bne 1b
        done: wfi
              b done
        """
    clocks, stops = [], []
    for learnt_first in (None, False, True):
        m = machine(tmp_path, source, functions=["done", "here"])
        seen: list[int] = []
        m.on("done", lambda m: clocks.append(m.cycles))
        if learnt_first:
            m.run(seconds=5e-6)
        if learnt_first is not None:
            m.on("here", lambda m, seen=seen: seen.append(m.cycles))
        m.run(seconds=0.001)
        stops.append(len(seen))
    assert len(set(clocks)) == 1
    assert stops[0] == 0
    assert stops[1] == 100
    assert 50 < stops[2] < 100

"""Random loop-free Thumb-2 code for the Cortex-M4F that is never UNPREDICTABLE, as text for the assembler.

Registers: R9 holds the address of a buffer of `BUFFER_WORDS` words, R8 is a pointer made from it just before use, SP is
left alone; all others are data.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

BUFFER_WORDS = 64
DATA = (*(f"r{n}" for n in range(8)), "r10", "r11", "r12", "lr")
LOW = DATA[:8]
CONDITIONS = ("eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le")
SHIFTS = ("lsl", "lsr", "asr", "ror")
Lines = list[str]

TWO_OPERANDS = ("add", "sub", "rsb", "adc", "sbc", "and", "orr", "eor", "bic", "orn")
COMPARISONS = ("cmp", "cmn", "tst", "teq")
ONE_OPERAND = ("clz", "rbit", "rev", "rev16", "revsh", "sxtb", "sxth", "uxtb", "uxth", "sxtb16", "uxtb16")
PARALLEL = tuple(
    f"{prefix}{operation}"
    for prefix in ("s", "q", "sh", "u", "uq", "uh")
    for operation in ("add8", "add16", "sub8", "sub16", "asx", "sax")
)
THREE_REGISTERS = (
    *PARALLEL, "qadd", "qsub", "qdadd", "qdsub", "sel", "usad8", "mul", "udiv", "sdiv", "sdiv", "udiv",
    "smulbb", "smulbt", "smultb", "smultt", "smulwb", "smulwt", "smuad", "smuadx", "smusd", "smusdx", "smmul", "smmulr",
)  # fmt: skip
FOUR_REGISTERS = (
    "mla", "mls", "smlabb", "smlabt", "smlatb", "smlatt", "smlawb", "smlawt", "smlad", "smladx", "smlsd", "smlsdx",
    "smmla", "smmlar", "smmls", "smmlsr", "usada8",
)  # fmt: skip
LONG = (
    "umull", "smull", "umlal", "smlal", "umaal", "smlalbb", "smlalbt", "smlaltb", "smlaltt", "smlald", "smlaldx", "smlsld",
    "smlsldx",
)  # fmt: skip
EXTEND_ADD = ("sxtab", "sxtah", "uxtab", "uxtah", "sxtab16", "uxtab16")
FP_TWO = ("vabs", "vneg", "vsqrt", "vmov")
FP_THREE = (
    "vadd", "vsub", "vmul", "vnmul", "vdiv", "vmla", "vmls", "vnmla", "vnmls", "vfma", "vfms", "vfnma", "vfnms",
)  # fmt: skip


def modified_immediate(random: Random) -> int:
    """A constant that a data-processing instruction can hold."""
    byte = random.randrange(256)
    form = random.randrange(5)
    if form < 3:
        return (byte, byte << 16 | byte, byte << 24 | byte << 8)[form]
    if form == 3:
        return byte * 0x0101_0101
    return (byte | 0x80) << random.randrange(24)


class Generator:
    """Makes blocks of code from one source of randomness."""

    def __init__(self, seed: int, fp: bool = True) -> None:
        self.random = Random(seed)
        self._labels = 0
        self.nearest = True
        """Whether FPSCR rounds to nearest in the block being made."""
        self.integer: list[Callable[[], Lines]] = [
            self.data_processing, self.data_processing, self.shifted, self.compare, self.one_operand, self.three, self.three,
            self.three, self.four, self.four, self.long, self.extend_add, self.bitfield, self.saturate, self.pack, self.wide,
            self.narrow, self.shift, self.flags,
        ]  # fmt: skip
        self.memory: list[Callable[[], Lines]] = [
            self.load_store, self.load_store, self.indexed, self.writeback, self.dual, self.multiple, self.exclusive, self.push
        ]
        self.floating: list[Callable[[], Lines]] = [
            self.fp_three, self.fp_three, self.fp_three, self.fp_two, self.fp_convert, self.fp_compare, self.fp_move,
            self.fp_memory,
        ]  # fmt: skip
        self.simple = self.integer + (self.floating if fp else [])
        self.all = [*self.integer, *self.memory, *(self.floating * 2 if fp else []), self.it_block, self.it_block, self.skip]

    def block(self, length: int) -> Lines:
        """About `length` instructions."""
        lines: Lines = []
        while len(lines) < length:
            lines += self.random.choice(self.all)()
        return lines

    def _reg(self) -> str:
        return self.random.choice(DATA)

    def _regs(self, count: int) -> list[str]:
        return self.random.sample(DATA, count)

    def _s(self) -> str:
        return f"s{self.random.randrange(32)}"

    def _set_flags(self) -> str:
        return self.random.choice(("", "s"))

    # --- integer ------------------------------------------------------------------------------------------------------

    def data_processing(self) -> Lines:
        operation, s = self.random.choice(TWO_OPERANDS), self._set_flags()
        second = self.random.choice((self._reg(), f"#{modified_immediate(self.random)}"))
        return [f"{operation}{s} {self._reg()}, {self._reg()}, {second}"]

    def shifted(self) -> Lines:
        operation, s = self.random.choice(TWO_OPERANDS), self._set_flags()
        shift = self.random.choice((*(f"{kind} #{self.random.randrange(1, 32)}" for kind in SHIFTS), "rrx"))
        return [f"{operation}{s} {self._reg()}, {self._reg()}, {self._reg()}, {shift}"]

    def compare(self) -> Lines:
        second = self.random.choice((self._reg(), f"#{modified_immediate(self.random)}"))
        return [f"{self.random.choice(COMPARISONS)} {self._reg()}, {second}"]

    def one_operand(self) -> Lines:
        return [f"{self.random.choice(ONE_OPERAND)} {self._reg()}, {self._reg()}"]

    def three(self) -> Lines:
        return [f"{self.random.choice(THREE_REGISTERS)} {self._reg()}, {self._reg()}, {self._reg()}"]

    def four(self) -> Lines:
        return [f"{self.random.choice(FOUR_REGISTERS)} {self._reg()}, {self._reg()}, {self._reg()}, {self._reg()}"]

    def long(self) -> Lines:
        low, high = self._regs(2)
        return [f"{self.random.choice(LONG)} {low}, {high}, {self._reg()}, {self._reg()}"]

    def extend_add(self) -> Lines:
        rotate = self.random.choice(("", ", ror #8", ", ror #16", ", ror #24"))
        return [f"{self.random.choice(EXTEND_ADD)} {self._reg()}, {self._reg()}, {self._reg()}{rotate}"]

    def bitfield(self) -> Lines:
        lsb = self.random.randrange(32)
        width = self.random.randrange(1, 33 - lsb)
        operation = self.random.choice(("bfi", "bfc", "sbfx", "ubfx"))
        source = "" if operation == "bfc" else f"{self._reg()}, "
        return [f"{operation} {self._reg()}, {source}#{lsb}, #{width}"]

    def saturate(self) -> Lines:
        operation, low, high = self.random.choice(
            (("ssat", 1, 32), ("usat", 0, 31), ("ssat16", 1, 16), ("usat16", 0, 15))
        )
        shift = ""
        if not operation.endswith("16"):
            shift = self.random.choice(("", f", lsl #{self.random.randrange(1, 32)}", f", asr #{self.random.randrange(1, 32)}"))
        return [f"{operation} {self._reg()}, #{self.random.randint(low, high)}, {self._reg()}{shift}"]

    def pack(self) -> Lines:
        operation, kind = self.random.choice((("pkhbt", "lsl"), ("pkhtb", "asr")))
        return [f"{operation} {self._reg()}, {self._reg()}, {self._reg()}, {kind} #{self.random.randrange(1, 32)}"]

    def wide(self) -> Lines:
        return [f"{self.random.choice(('movw', 'movt'))} {self._reg()}, #{self.random.randrange(1 << 16)}"]

    def narrow(self) -> Lines:
        a, b = self.random.choice(LOW), self.random.choice(LOW)
        return [
            self.random.choice(
                (f"adds {a}, #{self.random.randrange(256)}", f"subs {a}, {b}, #{self.random.randrange(8)}", f"muls {a}, {b}, {a}",
                 f"mvns {a}, {b}", f"negs {a}, {b}", f"add {a}, {self._reg()}", f"mov {self._reg()}, {b}",
                 f"adcs {a}, {a}, {b}", f"bics {a}, {a}, {b}")
            )
        ]  # fmt: skip

    def shift(self) -> Lines:
        kind, s = self.random.choice(SHIFTS), self._set_flags()
        amount = self.random.choice((self._reg(), f"#{self.random.randrange(1, 32)}"))
        return [f"{kind}{s} {self._reg()}, {self._reg()}, {amount}"]

    def flags(self) -> Lines:
        return [self.random.choice((f"mrs {self._reg()}, apsr", f"msr apsr_nzcvqg, {self._reg()}"))]

    # --- memory ---------------------------------------------------------------------------------------------------------

    def load_store(self) -> Lines:
        operation = self.random.choice(("ldr", "ldrb", "ldrsb", "ldrh", "ldrsh", "str", "strb", "strh"))
        return [f"{operation} {self._reg()}, [r9, #{self.random.randrange(4 * BUFFER_WORDS - 4)}]"]

    def indexed(self) -> Lines:
        operation = self.random.choice(("ldr", "ldrb", "ldrsh", "str", "strb", "strh"))
        shift = self.random.randrange(4)
        return [f"and r8, {self._reg()}, #{0x1F}", f"{operation} {self._reg()}, [r9, r8, lsl #{shift}]"]

    def _pointer(self, words: int) -> str:
        """R8 anywhere in the buffer with `words` words on either side."""
        return f"add r8, r9, #{4 * self.random.randrange(words, BUFFER_WORDS - words)}"

    def writeback(self) -> Lines:
        operation = self.random.choice(("ldr", "ldrb", "ldrsh", "str", "strb", "strh"))
        offset = self.random.randrange(-32, 32)
        form = self.random.choice((f"[r8, #{offset}]!", f"[r8], #{offset}"))
        return [self._pointer(12), f"{operation} {self._reg()}, {form}", f"sub {self._reg()}, r8, r9"]

    def dual(self) -> Lines:
        first, second = self._regs(2)
        offset = 4 * self.random.randrange(-8, 8)
        form = self.random.choice((f"[r8, #{offset}]", f"[r8, #{offset}]!", f"[r8], #{offset}"))
        return [self._pointer(12), f"{self.random.choice(('ldrd', 'strd'))} {first}, {second}, {form}"]

    def multiple(self) -> Lines:
        operation = self.random.choice(("ldmia", "ldmdb", "stmia", "stmdb"))
        registers = ", ".join(r for r in DATA if self.random.randrange(3) == 0) or "r1, r2"
        return [self._pointer(14), f"{operation} r8{self.random.choice(('', '!'))}, {{{registers}}}", f"sub {self._reg()}, r8, r9"]

    def exclusive(self) -> Lines:
        status, value = self._regs(2)
        return [self._pointer(1), f"ldrex {self._reg()}, [r8]", f"strex {status}, {value}, [r8]"]

    def push(self) -> Lines:
        registers = [r for r in DATA if self.random.randrange(3) == 0] or ["r3"]
        others = sorted(self._regs(len(registers)), key=DATA.index)
        return [f"push {{{', '.join(registers)}}}", f"pop {{{', '.join(others)}}}"]

    # --- floating point ---------------------------------------------------------------------------------------------------

    def fp_two(self) -> Lines:
        return [f"{self.random.choice(FP_TWO)}.f32 {self._s()}, {self._s()}"]

    def fp_three(self) -> Lines:
        return [f"{self.random.choice(FP_THREE)}.f32 {self._s()}, {self._s()}, {self._s()}"]

    def fp_convert(self) -> Lines:
        register = self._s()
        kind = self.random.choice(("s32", "u32", "s16", "u16"))
        bits = self.random.randrange(1, 17 if kind.endswith("16") else 33)
        fixed = kind if self.nearest else kind[0] + "16"  # 16 bits need no rounding
        whole = self.random.choice(("s32", "u32"))
        return [
            self.random.choice(
                (f"vcvt{self.random.choice(('', 'r'))}.{whole}.f32 {self._s()}, {self._s()}",
                 f"vcvt.f32.{whole} {self._s()}, {self._s()}",
                 f"vcvt.{kind}.f32 {register}, {register}, #{bits}",
                 f"vcvt.f32.{fixed} {register}, {register}, #{min(bits, int(fixed[1:]))}",
                 f"vcvt{self.random.choice('bt')}.f32.f16 {self._s()}, {self._s()}",
                 f"vcvt{self.random.choice('bt')}.f16.f32 {self._s()}, {self._s()}")
            )
        ]  # fmt: skip

    def fp_compare(self) -> Lines:
        second = self.random.choice((self._s(), "#0"))
        return [f"{self.random.choice(('vcmp', 'vcmpe'))}.f32 {self._s()}, {second}", "vmrs apsr_nzcv, fpscr"]

    def fp_move(self) -> Lines:
        first, second = self._regs(2)
        pair = self.random.randrange(31)
        return [
            self.random.choice(
                (f"vmov {self._reg()}, {self._s()}", f"vmov {self._s()}, {self._reg()}",
                 f"vmov {first}, {second}, s{pair}, s{pair + 1}", f"vmov s{pair}, s{pair + 1}, {first}, {second}",
                 f"vmov.f32 {self._s()}, #{self.random.choice((0.125, 1.0, -2.5, 31.0, 0.4375))}",
                 f"vmrs {self._reg()}, fpscr")
            )
        ]  # fmt: skip

    def fp_memory(self) -> Lines:
        first = self.random.randrange(24)
        count = self.random.randrange(1, 8)
        operation = self.random.choice(("vldr", "vstr"))
        multiple = self.random.choice(("vldmia", "vstmia"))
        register = self.random.choice((self._s(), f"d{self.random.randrange(16)}"))
        return self.random.choice(
            ([f"{operation} {register}, [r9, #{4 * self.random.randrange(BUFFER_WORDS - 1)}]"],
             [self._pointer(8), f"{multiple} r8!, {{s{first}-s{first + count}}}"],
             [self._pointer(9), f"{multiple.replace('ia', 'db')} r8!, {{s{first}-s{first + count}}}"])
        )  # fmt: skip

    # --- control ------------------------------------------------------------------------------------------------------------

    def it_block(self) -> Lines:
        condition = self.random.choice(CONDITIONS)
        opposite = CONDITIONS[CONDITIONS.index(condition) ^ 1]
        conditions = [condition, *(self.random.choice((condition, opposite)) for _ in range(self.random.randrange(4)))]
        lines = [f"i{''.join('t' if c == condition else 'e' for c in conditions)} {condition}"]
        for each in conditions:
            lines.append(self._conditional(each))
        return lines

    def _conditional(self, condition: str) -> str:
        """One instruction that may stand in an IT block."""
        while True:
            lines = self.random.choice([*self.simple, self.load_store])()
            name, _, operands = lines[0].partition(" ")
            if len(lines) == 1 and name not in ("mrs", "msr", "vmrs", "muls", "mvns", "negs"):
                base, dot, kind = name.partition(".")
                return f"{base}{condition}{dot}{kind} {operands}"

    def skip(self) -> Lines:
        """A forward branch over a few instructions."""
        self._labels += 1
        label = f".Lskip{self._labels}"
        inside = [line for _ in range(self.random.randrange(1, 4)) for line in self.random.choice(self.simple)()]
        branch = self.random.choice(
            (f"b{self.random.choice(CONDITIONS)} {label}", f"cb{self.random.choice(('z', 'nz'))} {self.random.choice(LOW)}, {label}")
        )
        return [branch, *inside, f"{label}:"]

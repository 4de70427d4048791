"""Finding symbols by the names that people type; names against arm-none-eabi-c++filt where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cmsim.errors import UsageError
from cmsim.image import Symbol, SymbolTable, demangle, load
from cmsim.image.cxx_names import canonical, qualified_name

INVOKE = "_ZN6tflite16MicroInterpreter6InvokeEv"
SUBGRAPH = "_ZN6tflite21MicroInterpreterGraph14InvokeSubgraphEi"
TABLE = SymbolTable(
    [
        Symbol(INVOKE, 0x100, 0x40),
        Symbol(SUBGRAPH, 0x140, 0x20),
        Symbol("_ZN1SC1Ev", 0x200, 8),
        Symbol("_ZN1SC2Ev", 0x200, 8),
        Symbol("_Z3addii", 0x210, 8),
        Symbol("_Z3addff", 0x218, 8),
        Symbol("_Z5twiceIiET_S0_", 0x220, 8),
        Symbol("helper", 0x230, 8, binding="local"),
        Symbol("helper", 0x240, 8, binding="local"),
        Symbol("shared", 0x250, 8, binding="local"),
        Symbol("shared", 0x260, 8),
        Symbol("_ZL3mulii.constprop.0", 0x270, 8, binding="local"),
        Symbol("_ZL3mulii.cold", 0x278, 8, binding="local"),
        Symbol("divide.isra.0", 0x280, 8, binding="local"),
        Symbol("Default_Handler", 0x300, 2),
        Symbol("ADC_IRQHandler", 0x300, 2, binding="weak"),
        Symbol("outer", 0x400, 0x40),
        Symbol("inner", 0x410, 0x10, binding="local"),
        Symbol("arena", 0x2000_0001, 1, kind="object"),
        Symbol("_ZN6tflite7g_arenaE", 0x2000_0010, 64, kind="object"),
    ]
)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        (INVOKE, 0x100),
        ("tflite::MicroInterpreter::Invoke()", 0x100),
        ("tflite::MicroInterpreter::Invoke", 0x100),
        (" tflite::MicroInterpreter::Invoke ( ) ", 0x100),
        ("tflite::MicroInterpreterGraph::InvokeSubgraph(int)", 0x140),
        ("tflite::MicroInterpreterGraph::InvokeSubgraph", 0x140),
        ("S::S()", 0x200),
        ("add(int,int)", 0x210),
        ("add(float, float)", 0x218),
        ("twice<int>", 0x220),
        ("int twice<int>(int)", 0x220),
        ("shared", 0x260),
        ("mul(int, int)", 0x270),
        ("mul", 0x270),
        ("mul(int,int) [clone .constprop.0]", 0x270),
        ("divide", 0x280),
        ("tflite::g_arena", 0x2000_0010),
        ("0x100", 0x100),
        ("0X101", 0x100),
        ("0x20000001", 0x2000_0001),
    ],
)
def test_find(name: str, address: int) -> None:
    assert TABLE.find(name).address == address


def test_find_copies() -> None:
    clones = [Symbol(f"_Z4workii.{suffix}", at, 8, binding="local")
              for at, suffix in ((0x120, "constprop.0"), (0x128, "isra.0"), (0x130, "cold"))]  # fmt: skip
    alone, whole = SymbolTable(clones), SymbolTable([Symbol("_Z4workii", 0x100, 8), *clones])
    for name in ("work", "work(int, int)", "_Z4workii"):
        assert [symbol.address for symbol in alone.find_copies(name)] == [0x120, 0x128]
        assert [symbol.address for symbol in whole.find_copies(name)] == [0x100, 0x120, 0x128]
    assert [symbol.address for symbol in whole.find_copies("_Z4workii.isra.0")] == [0x128]
    for name in ("helper", "nobody"):
        with pytest.raises(UsageError):
            TABLE.find_copies(name)


def test_find_by_number_names_what_is_there() -> None:
    assert TABLE.find("0x101").name == INVOKE
    assert TABLE.find("0x300").name == "Default_Handler"
    middle = TABLE.find("0x105")
    assert (middle.name, middle.address, middle.kind) == ("0x00000104", 0x104, "address")
    assert TABLE.find("0x7001").address == 0x7001


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tflite::MicroInterpreter::Invok", "no symbol .*; similar: tflite::MicroInterpreter::Invoke"),
        ("invoke", "similar: tflite::MicroInterpreter::Invoke, tflite::MicroInterpreterGraph::InvokeSubgraph"),
        ("tflite::MicroInterpeter::Invoke(int)", "similar: tflite::MicroInterpreter::Invoke"),
        ("zzzzzzzz", "no symbol 'zzzzzzzz', and none is similar"),
        ("", "no symbol ''"),
        ("add", r"'add' is ambiguous, .*add\(int, int\) = _Z3addii at 0x00000210; add\(float, float\) = _Z3addff at"),
        ("helper", "'helper' is ambiguous.* helper = helper at 0x00000230; helper = helper at 0x00000240"),
        ("0xfoo", "'0xfoo' is not a hexadecimal address"),
        ("0x100000000", "beyond the 32-bit address space"),
    ],
)
def test_find_errors(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        TABLE.find(name)
    assert "\n" not in str(error.value)


def test_long_lists_are_cut() -> None:
    table = SymbolTable(Symbol("same", 16 * i, 8, binding="local") for i in range(20))
    with pytest.raises(UsageError, match=r"and 12 more$"):
        table.find("same")


def test_an_image_without_symbols_says_so() -> None:
    with pytest.raises(UsageError, match="the image has no symbols, give an address"):
        SymbolTable().find("main")
    assert SymbolTable().find("0x200").address == 0x200
    assert SymbolTable().function_at(0x200) is None


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (0x100, INVOKE),
        (0x13F, INVOKE),
        (0x140, SUBGRAPH),
        (0x160, None),
        (0, None),
        (0x301, "Default_Handler"),
        (0x40E, "outer"),
        (0x410, "inner"),
        (0x420, "outer"),
        (0x440, None),
        (0x2000_0001, None),
    ],
)
def test_function_at(address: int, name: str | None) -> None:
    found = TABLE.function_at(address)
    assert (found and found.name) == name


def test_by_name_and_address() -> None:
    assert [symbol.binding for symbol in TABLE.by_name["shared"]] == ["local", "global"]
    shared = TABLE.get("shared")
    assert shared is not None
    assert shared.address == 0x260
    assert TABLE.get("nothing") is None
    assert [symbol.name for symbol in TABLE.by_address[0x300]] == ["Default_Handler", "ADC_IRQHandler"]
    assert [symbol.address for symbol in TABLE] == sorted(symbol.address for symbol in TABLE)
    assert len(TABLE) == 20


@pytest.mark.parametrize(
    ("mangled", "full", "qualified"),
    [
        (INVOKE, "tflite::MicroInterpreter::Invoke()", "tflite::MicroInterpreter::Invoke"),
        (
            SUBGRAPH,
            "tflite::MicroInterpreterGraph::InvokeSubgraph(int)",
            "tflite::MicroInterpreterGraph::InvokeSubgraph",
        ),
        ("main", "main", "main"),
        ("_ZNKSt6vectorIiSaIiEE4sizeEv", "std::vector<int, std::allocator<int>>::size() const", None),
        ("_ZN12_GLOBAL__N_13fooEi", "(anonymous namespace)::foo(int)", "(anonymous namespace)::foo"),
        ("_ZlsRSoi", "operator<<(std::ostream&, int)", "operator<<"),
        ("_ZNK1VcvbEv", "V::operator bool() const", "V::operator bool"),
        ("_Znwj", "operator new(unsigned int)", "operator new"),
        ("_ZNK1VclEi", "V::operator()(int) const", "V::operator()"),
        ("_ZTV1S", "vtable for S", "vtable for S"),
        ("_ZL3mulii.constprop.0", "mul(int, int) [clone .constprop.0]", "mul"),
        ("_Znonsense", "_Znonsense", "_Znonsense"),
        ("_Reset", "_Reset", "_Reset"),
        ("_Z", "_Z", "_Z"),
        ("_Z1f" + "P" * 200_000 + "i", None, None),
        ("_RNvC6_123foo3bar", "123foo::bar", "123foo::bar"),
    ],
)
def test_demangled_names(mangled: str, full: str | None, qualified: str | None) -> None:
    symbol = Symbol(mangled, 0)
    assert symbol.demangled == str(symbol) == (full or mangled)
    assert symbol.qualified == (qualified or qualified_name(full or mangled))


@pytest.mark.parametrize(
    ("demangled", "qualified"),
    [
        ("std::vector<int, std::allocator<int>>::size() const", "std::vector<int, std::allocator<int>>::size"),
        ("auto f()::'lambda'(auto)::operator()<int>(auto) const", "f()::'lambda'(auto)::operator()<int>"),
        ("decltype(fp + 1) ns::f<int>(int)", "ns::f<int>"),
        ("std::vector<int> ns::make<(ns::E)0>(int&&) &&", "ns::make<(ns::E)0>"),
        ("S::w() const &&", "S::w"),
        ('operator"" _km(unsigned long long)', 'operator"" _km'),
        ("void K<&(S::operator<(int))>::go()", "K<&(S::operator<(int))>::go"),
        ("f(void (*)(int))", "f"),
        ("f[abi:cxx11]() [abi:cxx11]", "f[abi:cxx11]"),
        ("void f<int>(int) requires C<int>", "f<int>"),
        ("non-virtual thunk to S::v()", "non-virtual thunk to S::v()"),
        ("unbalanced(((", "unbalanced((("),
        (")>]}", ")>]}"),
        ("", ""),
    ],
)
def test_qualified_name(demangled: str, qualified: str) -> None:
    assert qualified_name(demangled) == qualified


def test_canonical() -> None:
    assert canonical(" f ( unsigned  int , char const * ) ") == canonical("f(unsigned  int, char const*)")
    assert canonical("unsigned int") == "unsigned int"


SOURCE = """
#include <utility>
namespace tflite {
struct MicroInterpreter { int Invoke(); };
struct MicroInterpreterGraph { int InvokeSubgraph(int); };
int MicroInterpreter::Invoke() { return [this] { return 1; }() + [](auto x) { static int s; return s += x; }(3); }
int MicroInterpreterGraph::InvokeSubgraph(int i) { return i; }
template <typename T, int N> struct V {
  T d[N];
  T get(int i) const { return d[i]; }
  operator bool() const { return d[0] != 0; }
  V &operator+=(const V &) { return *this; }
  bool operator()(std::pair<T, int> p) { return p.second; }
};
template struct V<float, 3>;
template struct V<V<char, -1 + 2>, 2>;
namespace { __attribute__((used, noinline)) void hidden(const volatile char *const &, int (*)[3]) {} }
}
template <typename T> T twice(T x) { return x + x; }
template int twice<int>(int);
long operator""_km(unsigned long long x) { return x; }
struct S { S(); ~S(); virtual void v() &; virtual void w() const &&; };
S::S() {} S::~S() {} void S::v() & {} void S::w() const && {}
extern "C" void plain() {}
"""


@pytest.mark.skipif(not shutil.which("arm-none-eabi-g++"), reason="needs arm-none-eabi-g++")
def test_names_agree_with_cxxfilt(tmp_path: Path) -> None:
    (tmp_path / "names.cc").write_text(SOURCE)
    flags = "-mcpu=cortex-m4 -mthumb -std=c++17 -O1 -nostdlib"
    flags += " -Wl,-e,plain -Wl,-Ttext=0x1000 -Wl,--unresolved-symbols=ignore-all"
    command = ["arm-none-eabi-g++", *flags.split(), "names.cc", "-o", "names.elf"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    image = load(tmp_path / "names.elf", memories=[("all", 0, 1 << 32)])
    names = [symbol.name for symbol in image.symbols if symbol.name.startswith("_Z")]
    assert len(names) > 15
    assert INVOKE in names
    filtered = subprocess.run(
        ["arm-none-eabi-c++filt"], input="\n".join(names), capture_output=True, text=True, check=True
    ).stdout.split("\n")

    def same(name: str) -> str:
        # LLVM and GNU name lambdas differently: 'lambda0'(int) and {lambda(int)#2}.
        name = re.sub(r"'lambda\d*'\(([^()]*)\)", "LAMBDA", re.sub(r"\{lambda\(([^()]*)\)#\d+\}", "LAMBDA", name))
        return re.sub(r"\s", "", name)

    for name, expected in zip(names, filtered, strict=False):
        if "UlT_E" in name:
            continue  # a generic lambda: GNU shows the deduced parameter, LLVM shows auto
        assert same(demangle(name)) == same(expected)
        assert image.find(expected if "lambda" not in expected else name).address == image.find(name).address

"""The firmware's interpreter built for this machine, called through ctypes."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FIRMWARE = Path(__file__).resolve().parents[3] / "firmware"
sys.path.insert(0, str(FIRMWARE / "tools"))  # tflite_writer


class InterpreterError(Exception):
    """`prepare` or `invoke` failed; the fields are those of cmsim::Error."""

    def __init__(
        self, status: str, reason: str, *, operator: str, index: int, subgraph: int, version: int, missing_bytes: int
    ) -> None:
        super().__init__(f"{status}: {index} {operator} version {version}: {reason}, {missing_bytes} bytes missing")
        self.status, self.reason, self.operator = status, reason, operator
        self.index, self.subgraph, self.version, self.missing_bytes = index, subgraph, version, missing_bytes


def build(*targets: str, options: tuple[str, ...] = ()) -> Path:
    """Configure and build the host version of the firmware in a temporary directory; returns that directory."""
    directory = Path(tempfile.mkdtemp(prefix="cmsim-host-"))
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    commands = (
        ["cmake", "-S", str(FIRMWARE), "-B", str(directory), *generator, *options],
        ["cmake", "--build", str(directory), "--target", *targets, "--parallel", "2"],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return directory


KERNELS = ("reference", "dsp")
"""Of `dsp`, this machine runs the C++ that stands for the instructions, not the assembly."""


@functools.cache
def _libraries() -> dict[str, Any]:
    names = {"reference": "cmsim_host", "dsp": "cmsim_host_dsp"}
    directory = build(*names.values())
    libraries = {kernels: _load(directory / f"lib{name}.so") for kernels, name in names.items()}
    shutil.rmtree(directory)  # they stay mapped
    return libraries


def library(kernels: str = "reference") -> Any:
    """The shared library with one of KERNELS, built once a test session."""
    return _libraries()[kernels]


def _load(file: Path) -> Any:
    lib = ctypes.CDLL(str(file))
    for name in ("create", "arena_create", "tensor_data", "input_data", "output_data"):
        getattr(lib, f"cmsim_{name}").restype = ctypes.c_void_p
    for name in ("arena_used", "subgraph_count", "tensor_count", "tensor_bytes", "input_count", "input_bytes", "error_missing_bytes", "plan"):
        getattr(lib, f"cmsim_{name}").restype = ctypes.c_size_t
    for name in ("status_text", "error_reason", "error_operator"):
        getattr(lib, f"cmsim_{name}").restype = ctypes.c_char_p
    return lib


def _aligned(size: int) -> npt.NDArray[np.uint8]:
    """Bytes that begin at a multiple of 16."""
    memory = np.zeros(size + 16, np.uint8)
    skip = -memory.ctypes.data % 16
    return memory[skip : skip + size]


class Arena:
    """Memory for one or several models."""

    def __init__(self, size: int, kernels: str = "reference") -> None:
        self.lib = library(kernels)
        self.memory = _aligned(size)
        self.handle = ctypes.c_void_p(
            self.lib.cmsim_arena_create(ctypes.c_void_p(self.memory.ctypes.data), ctypes.c_size_t(size)))

    def __del__(self) -> None:
        if hasattr(self, "handle"):
            self.lib.cmsim_arena_destroy(self.handle)


@dataclass(frozen=True)
class ArenaUse:
    """Bytes of the arena by purpose, as cmsim::ArenaUse; all but `scratch` add up to what is used."""

    activations: int
    tensors: int
    nodes: int
    operators: int
    variables: int
    planning: int
    padding: int
    scratch: int


class HostInterpreter:
    """A model prepared to run. Raises InterpreterError where `prepare` fails.

    With `preserve` every tensor keeps its value after `invoke`, so that `tensor` can read all of them. `arena` may be an Arena
    that other models use too; then `arena_size` and `kernels` say nothing.
    """

    def __init__(self, model: bytes, arena_size: int = 1 << 20, *, preserve: bool = True,
                 arena: Arena | None = None, kernels: str = "reference") -> None:
        self.shared = arena or Arena(arena_size, kernels)
        self.arena = self.shared.memory
        self._lib = self.shared.lib
        self._model = _aligned(len(model))
        self._model[:] = np.frombuffer(model, np.uint8)
        self._session = ctypes.c_void_p(
            self._lib.cmsim_create(ctypes.c_void_p(self._model.ctypes.data), ctypes.c_size_t(len(model)),
                                   self.shared.handle, int(preserve)))
        self.prepare()

    def prepare(self) -> None:
        """Again, after a failure."""
        self._check(self._lib.cmsim_prepare(self._session))

    def _check(self, status: int) -> None:
        if status:
            lib, session = self._lib, self._session
            raise InterpreterError(
                lib.cmsim_status_text(status).decode(),
                lib.cmsim_error_reason(session).decode(),
                operator=lib.cmsim_error_operator(session).decode(errors="replace"),
                index=lib.cmsim_error_operator_index(session),
                subgraph=lib.cmsim_error_subgraph(session),
                version=lib.cmsim_error_version(session),
                missing_bytes=lib.cmsim_error_missing_bytes(session),
            )

    def __del__(self) -> None:
        if hasattr(self, "_session"):
            self._lib.cmsim_destroy(self._session)

    @property
    def arena_used(self) -> int:
        """Bytes of the arena in use."""
        return int(self._lib.cmsim_arena_used(self._session))

    @property
    def arena_use(self) -> ArenaUse:
        """The same by purpose."""
        values = (ctypes.c_size_t * 8)()
        self._lib.cmsim_arena_use(self._session, values)
        return ArenaUse(*values)

    @property
    def tensor_count(self) -> int:
        """Tensors of the main subgraph, constants included."""
        return int(self._lib.cmsim_tensor_count(self._session, ctypes.c_size_t(0)))

    @property
    def input_count(self) -> int:
        """Inputs of the model."""
        return int(self._lib.cmsim_input_count(self._session))

    def input_bytes(self, index: int) -> int:
        """Size of input `index`."""
        return int(self._lib.cmsim_input_bytes(self._session, ctypes.c_size_t(index)))

    def set_input(self, index: int, values: npt.NDArray[Any]) -> None:
        """Write input `index`, bytes as they are, at most as many as it has."""
        data = np.ascontiguousarray(values).tobytes()[: self.input_bytes(index)]
        ctypes.memmove(self._lib.cmsim_input_data(self._session, ctypes.c_size_t(index)), data, len(data))

    def invoke(self) -> None:
        """One inference."""
        self._check(self._lib.cmsim_invoke(self._session))

    def reset(self) -> None:
        """Variables as after `prepare`."""
        self._check(self._lib.cmsim_reset(self._session))

    def address(self, index: int, subgraph: int = 0) -> int:
        """Where the data of a tensor is, from the beginning of the arena; negative or large for a constant."""
        address = self._lib.cmsim_tensor_data(self._session, ctypes.c_size_t(index), ctypes.c_size_t(subgraph))
        return (address or 0) - self.arena.ctypes.data

    def tensor(self, index: int, subgraph: int = 0) -> bytes:
        """The bytes of tensor `index` of a subgraph."""
        size = self._lib.cmsim_tensor_bytes(self._session, ctypes.c_size_t(index), ctypes.c_size_t(subgraph))
        address = self._lib.cmsim_tensor_data(self._session, ctypes.c_size_t(index), ctypes.c_size_t(subgraph))
        return ctypes.string_at(address, size) if address else b""

    def output(self, index: int, dtype: npt.DTypeLike, count: int) -> npt.NDArray[Any]:
        """`count` values of output tensor `index`."""
        address = self._lib.cmsim_output_data(self._session, ctypes.c_size_t(index))
        return np.frombuffer(ctypes.string_at(address, count * np.dtype(dtype).itemsize), dtype)

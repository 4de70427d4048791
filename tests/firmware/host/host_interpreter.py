"""The firmware's interpreter built for this machine, called through ctypes."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FIRMWARE = Path(__file__).resolve().parents[3] / "firmware"


class InterpreterError(Exception):
    """`prepare` or `invoke` failed; the fields are those of cmsim::Error."""

    def __init__(
        self, status: str, reason: str, *, operator: str, index: int, version: int, missing_bytes: int
    ) -> None:
        super().__init__(f"{status}: {index} {operator} version {version}: {reason}, {missing_bytes} bytes missing")
        self.status, self.reason, self.operator = status, reason, operator
        self.index, self.version, self.missing_bytes = index, version, missing_bytes


def build(target: str, *options: str) -> Path:
    """Configure and build the host version of the firmware in a temporary directory; returns that directory."""
    directory = Path(tempfile.mkdtemp(prefix="cmsim-host-"))
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    commands = (
        ["cmake", "-S", str(FIRMWARE), "-B", str(directory), *generator, *options],
        ["cmake", "--build", str(directory), "--target", target, "--parallel", "2"],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return directory


@functools.cache
def library() -> Any:
    """The shared library, built once a test session."""
    directory = build("cmsim_host")
    lib = ctypes.CDLL(str(directory / "libcmsim_host.so"))
    shutil.rmtree(directory)  # it stays mapped
    for name in ("create", "tensor_data", "input_data", "output_data"):
        getattr(lib, f"cmsim_{name}").restype = ctypes.c_void_p
    for name in ("arena_used", "tensor_count", "tensor_bytes", "error_missing_bytes"):
        getattr(lib, f"cmsim_{name}").restype = ctypes.c_size_t
    for name in ("status_text", "error_reason", "error_operator"):
        getattr(lib, f"cmsim_{name}").restype = ctypes.c_char_p
    return lib


def _aligned(size: int) -> npt.NDArray[np.uint8]:
    """Bytes that begin at a multiple of 16."""
    memory = np.zeros(size + 16, np.uint8)
    skip = -memory.ctypes.data % 16
    return memory[skip : skip + size]


class HostInterpreter:
    """A model prepared to run. Raises InterpreterError where `prepare` fails.

    With `preserve` every tensor keeps its value after `invoke`, so that `tensor` can read all of them.
    """

    def __init__(self, model: bytes, arena_size: int = 1 << 20, *, preserve: bool = True) -> None:
        self._lib = library()
        self._model = _aligned(len(model))
        self._model[:] = np.frombuffer(model, np.uint8)
        self.arena = _aligned(arena_size)
        self._session = ctypes.c_void_p(
            self._lib.cmsim_create(
                ctypes.c_void_p(self._model.ctypes.data), ctypes.c_size_t(len(model)),
                ctypes.c_void_p(self.arena.ctypes.data), ctypes.c_size_t(arena_size), int(preserve),
            )
        )
        self._check(self._lib.cmsim_prepare(self._session))

    def _check(self, status: int) -> None:
        if status:
            lib, session = self._lib, self._session
            raise InterpreterError(
                lib.cmsim_status_text(status).decode(),
                lib.cmsim_error_reason(session).decode(),
                operator=lib.cmsim_error_operator(session).decode(errors="replace"),
                index=lib.cmsim_error_operator_index(session),
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
    def tensor_count(self) -> int:
        """Tensors of the model, constants included."""
        return int(self._lib.cmsim_tensor_count(self._session))

    def set_input(self, index: int, values: npt.NDArray[Any]) -> None:
        """Write input tensor `index`, bytes as they are."""
        data = np.ascontiguousarray(values).tobytes()
        ctypes.memmove(self._lib.cmsim_input_data(self._session, ctypes.c_size_t(index)), data, len(data))

    def invoke(self) -> None:
        """One inference."""
        self._check(self._lib.cmsim_invoke(self._session))

    def tensor(self, index: int) -> bytes:
        """The bytes of tensor `index`."""
        size = self._lib.cmsim_tensor_bytes(self._session, ctypes.c_size_t(index))
        address = self._lib.cmsim_tensor_data(self._session, ctypes.c_size_t(index))
        return ctypes.string_at(address, size) if address else b""

    def output(self, index: int, dtype: npt.DTypeLike, count: int) -> npt.NDArray[Any]:
        """`count` values of output tensor `index`."""
        address = self._lib.cmsim_output_data(self._session, ctypes.c_size_t(index))
        return np.frombuffer(ctypes.string_at(address, count * np.dtype(dtype).itemsize), dtype)

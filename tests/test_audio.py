"""Sound files, and the one-bit stream of the microphone."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from cmsim_peripherals.nrf52840.pdm import Decimator
from cmsim_peripherals.parts.mp34dt05 import Mp34dt05

from cmsim.errors import UsageError
from cmsim.kernel import CPU_HZ, Scheduler
from cmsim.stimuli.audio import Audio, load_audio, modulate


def write_wav(path: Path, data: bytes, *, width: int = 2, channels: int = 1, rate: int = 16000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(data)
    return path


def tone(hertz: float, amplitude: float, rate: int = 48000, seconds: float = 1.0) -> Audio:
    return Audio(rate, amplitude * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate))


@pytest.mark.parametrize(
    ("width", "data"),
    [
        (1, b"\x80\x00\xc0"),
        (2, b"\0\0\x00\x80\x00\x40"),
        (3, b"\0\0\0\x00\x00\x80\x00\x00\x40"),
        (4, b"\0\0\0\0\x00\x00\x00\x80\x00\x00\x00\x40"),
    ],
)
def test_widths(tmp_path: Path, width: int, data: bytes) -> None:
    audio = load_audio(write_wav(tmp_path / "a.wav", data, width=width))
    assert audio.rate == 16000
    assert audio.samples.tolist() == [0.0, -1.0, 0.5]
    assert audio.duration == 3 / 16000


def test_wrong_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.wav: no such file"):
        load_audio(tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("no sound at all")
    with pytest.raises(UsageError, match=r"text\.wav: not an uncompressed WAV file \(\w"):
        load_audio(tmp_path / "text.wav")
    with pytest.raises(UsageError, match=r"b\.wav: 2 channels: the microphone takes one"):
        load_audio(write_wav(tmp_path / "b.wav", bytes(8), channels=2))
    with pytest.raises(UsageError, match=r"c\.wav: there is no sound in it"):
        load_audio(write_wav(tmp_path / "c.wav", b""))


def test_sound_between_samples_and_outside() -> None:
    audio = Audio(1000, np.array([0.0, 1.0, 0.5]))
    assert audio.at(0, CPU_HZ // 2000, 6).tolist() == [0.0, 0.5, 1.0, 0.75, 0.5, 0.0]
    assert audio.at(CPU_HZ, 64, 3).tolist() == [0.0, 0.0, 0.0]


def test_density_follows_the_level() -> None:
    for level in (-0.5, 0.0, 0.3, 0.9):
        bits, _ = modulate(np.full(20000, level), 20000, (0.0, 0.0))
        assert set(np.unique(bits)) == {-1.0, 1.0}
        assert abs(bits.mean() - level) < 1e-3


def test_small_requests_equal_a_large_one() -> None:
    def microphone() -> Mp34dt05:
        part = Mp34dt05(Scheduler(), "microphone")
        part.hear(tone(440, 0.5))
        return part

    whole = microphone().bits(100, 62, 3000)
    parts = microphone()
    pieces = [parts.bits(100 + 62 * first, 62, 1000) for first in (0, 1000, 2000)]
    assert np.array_equal(whole, np.concatenate(pieces))


def test_microphone_without_supply() -> None:
    part = Mp34dt05(Scheduler(), "microphone")
    part.set_power(False)
    assert part.bits(0, 62, 10) is None


@pytest.mark.parametrize("ratio", [64, 80])
def test_signal_to_noise_of_a_decimated_tone(ratio: int) -> None:
    part = Mp34dt05(Scheduler(), "microphone")
    part.hear(tone(1000, 0.5))
    rate = CPU_HZ / (62 * ratio)
    bits = part.bits(0, 62, 8000 * ratio)
    assert bits is not None
    samples = Decimator(ratio).process(bits)[400:].astype(float)
    times = np.arange(len(samples)) / rate
    base = np.stack([np.sin(2000 * np.pi * times), np.cos(2000 * np.pi * times)], axis=1)
    fit, *_ = np.linalg.lstsq(base, samples, rcond=None)
    noise = samples - base @ fit
    amplitude = float(np.hypot(*fit))
    assert amplitude == pytest.approx(0.5, rel=0.01)
    assert 10 * np.log10(amplitude**2 / 2 / np.mean(noise**2)) > 60


def test_filter_keeps_what_is_above_half_the_rate_out() -> None:
    n = np.arange(64 * 4000)
    for hertz, least, most in ((1000, 0.98, 1.01), (7000, 0.9, 1.01), (9000, 0, 2e-4), (40000, 0, 2e-4)):
        wave_in = np.sin(2 * np.pi * hertz * n * 62 / CPU_HZ).astype(np.float32)
        peak = np.abs(Decimator(64).process(wave_in)[500:]).max()
        assert least <= peak <= most, hertz

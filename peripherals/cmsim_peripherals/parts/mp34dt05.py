"""MP34DT05: microphone with a one-bit output (ST DocID030523, sections 2 and 3).

The clock makes it deliver one bit a period. A second-order sigma-delta modulator (integrators with gains of 1/2) turns
sound into these bits; it keeps its state between requests, so that a recording in small buffers equals one in large
ones. A sine of full scale in the sound file is a full-scale bit stream, which is 120 dB SPL by the sensitivity of
-26 dBFS at 94 dB SPL. While the part has no supply, and where nobody gives it a sound, it hears nothing: without supply
its output stays low, without sound the bits alternate around a density of one half.

Not modelled: self-noise (64 dB signal to noise on silicon), distortion below the overload point, frequency response,
wake-up time and sleep, the other half of the clock period, in which the output floats for a second microphone.
"""

from __future__ import annotations

from cmsim.kernel import Scheduler
from cmsim.parts import Part
from cmsim.stimuli.audio import Audio, Bits, Floats, modulate


class Mp34dt05(Part):
    """The part; it hears one `Audio`."""

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        super().__init__(scheduler, name)
        self._audio: Audio | None = None
        self.power_up()

    def hear(self, audio: Audio) -> None:
        """From now on the world sounds like `audio`, whose first sample is at cycle 0."""
        self._audio = audio

    def power_up(self) -> None:
        """Integrators at rest."""
        self._state = (0.0, 0.0)

    def bits(self, first: int, period: int, count: int) -> Bits | None:
        """The output at cycles `first`, `first + period`, ...: [count], +1 for high and -1 for low; None while off."""
        if not self.powered:
            return None
        sound: Floats | None = None if self._audio is None else self._audio.at(first, period, count)
        bits, self._state = modulate(sound, count, self._state)
        return bits

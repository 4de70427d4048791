"""FPU: the interrupt of the floating-point unit (nRF52840 PS v1.8, section 4.1.1; flags: Arm DDI 0403E, FPSCR).

The block at 0x40026000 has no registers; it is the interrupt that is asked for while any of FPSCR's six cumulative
exception flags is set. Nearly every calculation sets one, "inexact". With SEVONPEND the processor does not sleep by WFE
then, until software has cleared the flags and the pending interrupt: the known trap of this chip. A handler clears them
in the frame from which FPSCR is restored.

Not modelled: the moment of the instruction. The processor looks at the flags before it sleeps, when software reads or
clears pending interrupts, and, where the interrupt is enabled, whenever it stops for another reason.
"""

from __future__ import annotations

from cmsim.nordic import Unimplemented


class Fpu(Unimplemented):
    """FPU: any access is reported, because no register is there."""

    def reset(self) -> None:
        """FPSCR is reset with it."""
        super().reset()
        self.irq.set(False)

    def look(self) -> None:
        """Bring the interrupt line up to date."""
        self.irq.set(self.soc.hooks.fp_exceptions() != 0)

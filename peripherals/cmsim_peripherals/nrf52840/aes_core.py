"""The AES core that ECB, CCM and AAR share (nRF52840 PS v1.8, section 6.7.1).

ECB has the lowest priority: an encryption that finds the core busy, or that loses it, is aborted with ERRORECB. CCM and
AAR take it when they begin and give it back when they end.

Not modelled: nothing here is a model of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from cmsim.soc import Soc


class AesCore:
    """One chip's."""

    def __init__(self) -> None:
        self._users: set[str] = set()
        self.on_taken: Callable[[], None] = lambda: None
        """Who does without it: ECB."""

    @property
    def busy(self) -> bool:
        """Whether CCM or AAR works."""
        return bool(self._users)

    def take(self, user: str) -> None:
        """CCM or AAR begins."""
        self._users.add(user)
        self.on_taken()

    def give_back(self, user: str) -> None:
        """It has ended, or was stopped."""
        self._users.discard(user)


def core_of(soc: Soc) -> AesCore:
    """The core of this chip, which its ECB has; on one without (a test's) nobody shares it."""
    core: AesCore | None = getattr(soc.blocks.get("ECB"), "core", None)
    return AesCore() if core is None else core

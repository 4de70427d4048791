"""CryptoCell's ChaCha on the examples of RFC 8439, through DMA and in pieces, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cmsim_peripherals.nrf52840.cc_chacha import block
from cmsim_peripherals.nrf52840.cryptocell import Cryptocell, CryptoCell310

from cmsim.soc import Row, Soc

RAM = 0x2000_0000
CONTROL, KEY, IV, COUNT, SW_RESET, POLY_KEY, ORDER = 0x380, 0x388, 0x3A8, 0x3B8, 0x3C0, 0x3C4, 0x3E4
INIT, POLY, ROUNDS_8, RESET_COUNT, NONCE_96 = 1 << 1, 1 << 2, 2 << 4, 1 << 9, 1 << 10
TEXT = (b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would "
        b"be it.")
CIPHER = bytes.fromhex(
    "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0bf91b65c5524733ab8f593dabcd62b357"
    "1639d624e65152ab8f530c359f0861d807ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736"
    "5af90bbf74a35be6b40b8eedf2785e42874d"
)
"""Section 2.4.2."""


@pytest.fixture
def cc(make_soc: Callable[..., Soc]) -> CryptoCell310:
    soc = make_soc(Row("CRYPTOCELL", 0x5002_A000, Cryptocell), Row("CC", 0x5002_B000, CryptoCell310))
    soc.blocks["CRYPTOCELL"].write(0x500, 1)
    found = soc.blocks["CC"]
    assert isinstance(found, CryptoCell310)
    return found


def words(data: bytes) -> list[int]:
    return [int.from_bytes(data[n : n + 4], "little") for n in range(0, len(data), 4)]


def put(cc: CryptoCell310, offset: int, data: bytes) -> None:
    for n, word in enumerate(words(data)):
        cc.write(offset + 4 * n, word)


def get(cc: CryptoCell310, offset: int, size: int) -> bytes:
    return b"".join(cc.read(offset + n).to_bytes(4, "little") for n in range(0, size, 4))


def through(cc: CryptoCell310, data: bytes) -> bytes:
    cc.soc.dma_write(RAM, data)
    for offset, value in ((0x900, 0x10), (0xD28, RAM + 0x400), (0xD2C, len(data)), (0xC28, RAM), (0xC2C, len(data))):
        cc.write(offset, value)
    cc.scheduler.advance(cc.scheduler.now + 1000)
    return cc.soc.dma_read(RAM + 0x400, len(data))


def test_the_block_function() -> None:
    """Section 2.3.2."""
    state = [*words(b"expand 32-byte k" + bytes(range(32))), 1, 0x0900_0000, 0x4A00_0000, 0]
    assert block(state, 20)[:16].hex() == "10f1e7e4d13b5915500fdd1fa32071c4"


@pytest.mark.parametrize("cut", [0, 64])
def test_encryption_in_one_piece_and_in_two(cc: CryptoCell310, cut: int) -> None:
    put(cc, KEY, bytes(range(32)))
    put(cc, IV, bytes.fromhex("0000004a00000000"))
    cc.write(CONTROL, INIT | NONCE_96)
    cc.write(COUNT, 1)
    assert (through(cc, TEXT[:cut]) if cut else b"") + through(cc, TEXT[cut:]) == CIPHER
    assert cc.read(COUNT) == 3
    assert cc.soc.unmodelled == {}


def test_the_key_of_poly1305(cc: CryptoCell310) -> None:
    """Section 2.6.2: the nonce's first word is 0, the block 0."""
    put(cc, KEY, bytes(range(0x80, 0xA0)))
    put(cc, IV, bytes.fromhex("0001020304050607"))
    cc.write(CONTROL, INIT | POLY | RESET_COUNT | NONCE_96)
    assert get(cc, POLY_KEY, 32).hex() == "8ad5a08b905f81cc815040274ab29471a833b637e3fd0da508dbb8e2fdd1a646"
    assert cc.read(COUNT) == 1


@pytest.mark.parametrize(("control", "upper"), [(0, 1), (NONCE_96, 0)])
def test_the_counter_is_64_bits_wide_or_32(cc: CryptoCell310, control: int, upper: int) -> None:
    cc.write(CONTROL, control)
    cc.write(COUNT, 0xFFFF_FFFF)
    through(cc, bytes(8))
    assert (cc.read(COUNT), cc.read(COUNT + 4)) == (0, upper)


def test_eight_rounds_and_a_short_key(cc: CryptoCell310) -> None:
    """ChaCha8, key and nonce zero: the first test vector of Strombergson's draft."""
    cc.write(CONTROL, ROUNDS_8)
    assert through(cc, bytes(16)).hex() == "3e00ef2f895f40d67f5bb8e81f09a5a1"
    cc.write(CONTROL, RESET_COUNT | ROUNDS_8 | 1 << 3)
    assert through(cc, bytes(16)).hex() == "e28a5fa4a67f8c5defed3e6fb7303486"


def test_reset(cc: CryptoCell310) -> None:
    cc.write(COUNT, 9)
    cc.write(SW_RESET, 1)
    assert cc.read(COUNT) == 0


@pytest.mark.parametrize(("offset", "value"), [(CONTROL, 1), (ORDER, 4)])
def test_what_it_cannot_do_is_reported(cc: CryptoCell310, offset: int, value: int) -> None:
    cc.write(offset, value)
    assert [key[1] for key in cc.soc.unmodelled] == [offset]

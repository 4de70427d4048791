"""CryptoCell: on and off, random numbers, AES (SP 800-38A and RFC 4493) and digests by DMA, what it refuses to invent."""

import hashlib

import pytest
from cmsim_peripherals.nrf52840.aes import encrypt
from cmsim_peripherals.nrf52840.cryptocell import Cryptocell, CryptoCell310

from cmsim.soc import Row

RAM = 0x2000_0000
IN, OUT = RAM + 0x100, RAM + 0x400
KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
TEXT = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172a" "ae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52ef" "f69f2445df4f9b17ad2b417be66c3710"
)  # fmt: skip
IV = bytes(range(16))
COUNTER = bytes(range(0xF0, 0x100))
AES_KEY, AES_IV, AES_CTR, CMAC_INIT, REMAINING, CONTROL = 0x400, 0x440, 0x460, 0x47C, 0x4BC, 0x4C0
HASH_H, PAD_AUTO, HASH_CONTROL, HASH_PAD, PAD_FORCE = 0x640, 0x684, 0x7C0, 0x7C4, 0x7C8
CRYPTO_CTL, BUSY, IRR, IMR, ICR, LCS, KDR = 0x900, 0x910, 0xA00, 0xA04, 0xA08, 0xA60, 0xA50
SRC, SRC_SIZE, DST, DST_SIZE = 0xC28, 0xC2C, 0xD28, 0xD2C
START_256 = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
START_1 = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)


@pytest.fixture
def soc(make_soc):
    return make_soc(Row("CRYPTOCELL", 0x5002_A000, Cryptocell), Row("CC", 0x5002_B000, CryptoCell310))


@pytest.fixture
def cc(soc):
    soc.blocks["CRYPTOCELL"].write(0x500, 1)
    return soc.blocks["CC"]


def put(cc, offset, data):
    for n in range(0, len(data), 4):
        cc.write(offset + n, int.from_bytes(data[n : n + 4], "little"))


def get(cc, offset, length=16):
    return b"".join(cc.read(offset + n).to_bytes(4, "little") for n in range(0, length, 4))


def through(cc, mode, data, length=None):
    """`data` by DMA through the engine of `mode`."""
    length = len(data) if length is None else length
    cc.soc.dma_write(IN, data)
    for offset, value in ((CRYPTO_CTL, mode), (DST, OUT), (DST_SIZE, length), (SRC, IN), (SRC_SIZE, len(data))):
        cc.write(offset, value)
    assert cc.read(BUSY) == 1
    cc.scheduler.advance(cc.scheduler.now + 64 + len(data))
    assert cc.read(BUSY) == 0
    return cc.soc.dma_read(OUT, length)


def aes(cc, control, data, iv=IV, length=None):
    put(cc, AES_KEY, KEY)
    put(cc, AES_CTR if control >> 2 & 7 == 2 else AES_IV, iv)
    cc.write(CONTROL, control)
    return through(cc, 1, data, length)


def test_switched_off_nothing_answers(soc, cc):
    assert (cc.read(0xA24), cc.read(0x928) >> 24) == (0x20E0_0000, 0xF0)
    cc.write(IMR, 0)
    soc.blocks["CRYPTOCELL"].write(0x500, 0)
    cc.write(0x930, 5)
    assert (cc.read(0xA24), cc.read(0x930)) == (0, 0)
    soc.blocks["CRYPTOCELL"].write(0x500, 1)
    assert (cc.read(IMR), cc.read(0x930)) == (0x1FF_FFFF, 0)
    assert soc.unmodelled == {}


@pytest.mark.parametrize(
    ("offset", "value"),
    [(0x084, 0xF_F820), (0x088, 0x1000), (0x0B0, 1), (0x0B4, 1), (0x0C4, 0x1611_0215), (0x100, 0x3F), (0x130, 0xFFFF),
     (0x1C0, 0xF), (0x384, 1), (0x3B4, 1), (0x4C8, 0x108), (0x7C4, 1), (0x7DC, 0x1_2001), (0x7E8, 1), (0xA04, 0x1FF_FFFF),
     (0xA28, 0x4622_982C), (0xA60, 2), (0xC50, 1), (0xD50, 1), (0xF08, 1)],
)  # fmt: skip
def test_reset_values(cc, offset, value):
    assert cc.read(offset) == value


# FIPS SP 800-38A, appendix F
ECB = "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4"
CBC = "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b273bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"
CTR = "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee"


@pytest.mark.parametrize(("mode", "cipher", "iv"), [(0, ECB, IV), (1, CBC, IV), (2, CTR, COUNTER)])
def test_aes_modes(cc, mode, cipher, iv):
    cipher = bytes.fromhex(cipher)
    assert aes(cc, mode << 2, TEXT, iv) == cipher
    assert aes(cc, mode << 2 | 1, cipher, iv) == TEXT
    assert cc.read(AES_KEY) == 0  # keys cannot be read


def test_a_stream_goes_on_and_may_end_within_a_block(cc):
    cipher = bytes.fromhex(CTR)
    assert aes(cc, 2 << 2, TEXT[:16], COUNTER) == cipher[:16]
    assert through(cc, 1, TEXT[16:41]) == cipher[16:41]


# RFC 4493, section 4
@pytest.mark.parametrize(("length", "mac"), [(0, "bb1d6929e95937287fa37d129b756746"), (16, "070a16b46b4d4144f79bdd9dd04a287c"),
                                             (40, "dfa66747de9ae63030ca32611497c827"), (64, "51f0bebf7e3b9d92fc49741779363cfe")])
def test_cmac(cc, length, mac):
    put(cc, AES_KEY, KEY)
    cc.write(CMAC_INIT, 1)
    put(cc, AES_IV, bytes(16))
    cc.write(CONTROL, 7 << 2)
    if length == 0:
        cc.write(0x524, 1)
    else:
        cc.write(REMAINING, length)
        for at in range(0, length, 32):
            through(cc, 1, TEXT[at : min(at + 32, length)], 0)
    assert get(cc, AES_IV).hex() == mac


def test_cbc_mac_is_the_last_block_of_cbc(cc):
    aes(cc, 3 << 2, TEXT, length=0)
    assert get(cc, AES_IV).hex() == CBC[-32:]


@pytest.mark.parametrize(("mode", "start", "name"), [(1, START_1, "sha1"), (2, START_256, "sha256")])
@pytest.mark.parametrize("length", [1, 55, 64, 200])
def test_digests(cc, mode, start, name, length):
    message = bytes(n & 0xFF for n in range(length))
    cc.write(HASH_CONTROL, mode)
    cc.write(PAD_AUTO, 1)
    for n, word in enumerate(start):
        cc.write(HASH_H + 4 * n, word)
    through(cc, 7, message, 0)
    digest = b"".join(cc.read(HASH_H + 4 * n).to_bytes(4, "big") for n in range(len(start)))
    assert digest == hashlib.new(name, message).digest()
    assert cc.read(0x7CC) == length


def test_a_digest_in_two_parts_with_forced_padding(cc):
    message = bytes(128)
    cc.write(HASH_CONTROL, 2)
    for n, word in enumerate(START_256):
        cc.write(HASH_H + 4 * n, word)
    through(cc, 7, message[:64], 0)
    through(cc, 7, message[64:], 0)
    cc.write(PAD_FORCE, 4)
    digest = b"".join(cc.read(HASH_H + 4 * n).to_bytes(4, "big") for n in range(8))
    assert digest == hashlib.sha256(message).digest()


def test_bypass_copies(cc):
    assert through(cc, 0, b"hello") == b"hello"


def test_interrupts(cc):
    cc.write(IMR, ~(1 << 6 | 1 << 7))
    through(cc, 0, b"hello")
    assert (cc.irq.level, cc.irq_number) == (True, 42)
    assert cc.read(IRR) == 1 << 6 | 1 << 7 | 1 << 11
    cc.write(ICR, 0xFFFF_FFFF)
    assert (cc.irq.level, cc.read(IRR)) == (False, 0)


def test_random_numbers_take_their_time_and_differ(cc):
    cc.write(0x130, 1000)
    cc.write(0x100, 0x3E)
    cc.write(0x1C4, 1)
    cc.write(0x12C, 1)
    assert cc.read(0x1B8) == 3
    cc.scheduler.advance(192 * 4 * 1000 - 1)
    assert (cc.read(0x110), cc.read(IRR)) == (0, 0)
    cc.scheduler.advance(192 * 4 * 1000)
    assert (cc.read(0x110), cc.read(0x104), cc.read(IRR)) == (1, 1, 1 << 10)
    first = get(cc, 0x114, 24)
    assert cc.read(0x110) == 0
    cc.write(0x108, 1)
    assert cc.read(IRR) == 0
    cc.write(0x138, 2)
    cc.scheduler.advance(10_000_000)
    assert get(cc, 0x114, 24) != first
    assert len(set(first)) > 10


def test_life_cycle_and_root_key_survive_switching_off(soc, cc):
    cc.write(LCS, 2)
    for n in range(4):
        assert cc.read(KDR) == 0
        cc.write(KDR + 4 * n, 0x01010101 * n)
    for enable in (0, 1):
        soc.blocks["CRYPTOCELL"].write(0x500, enable)
    assert (cc.read(LCS), cc.read(KDR), cc.read(KDR + 4)) == (0x102, 1, 0)
    cc.write(LCS, 0)
    assert cc.read(LCS) == 0x102
    cc.write(0x478, 1)  # K_DR into the key register
    cc.write(CONTROL, 0)
    assert through(cc, 1, TEXT[:16]) != bytes(16)
    assert soc.unmodelled == {}


@pytest.mark.parametrize(("state", "kept"), [(0, 9), (2, 1)])
def test_in_the_state_debug_the_root_key_can_be_written_again(cc, state, kept):
    """Section 6.6.3."""
    cc.write(LCS, state)
    cc.write(KDR, 1)
    cc.write(KDR, 9)
    assert cc.device_root_key == kept.to_bytes(16, "little")


def test_a_locked_hardware_key_is_zeros(cc):
    """Section 6.6.4.1; while it is not locked its value is secret, and the use is reported."""
    cc.write(0xA38, 1)
    cc.write(0x400, 0x1234)
    cc.write(0x478, 1)
    assert list(cc.soc.unmodelled) == [(cc.name, 0x478, "hardware key other than K_DR")]
    cc.soc.unmodelled.clear()
    cc.write(0xA4C, 1)
    cc.write(0x478, 1)
    assert cc.soc.unmodelled == {}
    cc.write(CONTROL, 0)
    assert through(cc, 1, TEXT[:16]) == encrypt(bytes(16), TEXT[:16])


def test_dma_outside_ram_is_an_error(cc):
    cc.write(IMR, ~(1 << 8))
    cc.write(SRC, 0x100)
    cc.write(SRC_SIZE, 4)
    cc.scheduler.advance(1000)
    assert (cc.read(IRR), cc.irq.level) == (1 << 8, True)
    assert [key[1] for key in cc.soc.unmodelled] == [SRC]


@pytest.mark.parametrize(("offset", "value"), [(0x080, 0x1 << 27), (0x1C8, 1), (0xC00, 5), (0xC34, 16), (0xD34, 16), (CONTROL, 1 << 31)])
def test_what_it_cannot_do_is_reported(cc, offset, value):
    cc.write(offset, value)
    assert len(cc.soc.unmodelled) == 1


def test_nothing_wrong_comes_out(cc):
    cc.write(0x080, 0x1 << 27)
    assert (cc.read(0x0B4), cc.read(0x0B0)) == (0, 0)  # what is no operation never ends
    cc.write(0x08C, 1)
    assert cc.read(0x0B4) == 1
    cc.write(CRYPTO_CTL, 0x1F)
    cc.write(SRC_SIZE, 64)  # nor does an unknown mode
    cc.scheduler.advance(100_000)
    assert cc.read(IRR) == 0
    cc.write(0xA38, 1)
    cc.write(0x478, 1)
    assert ("CC", 0x478, "hardware key other than K_DR") in cc.soc.unmodelled


def test_memories_of_the_engines(cc):
    cc.write(0x0D4, 3)
    cc.write(0x0D8, 11)
    cc.write(0x0D8, 22)
    cc.write(0x0E4, 3)
    assert [cc.read(0x0DC), cc.read(0x0DC)] == [11, 22]
    cc.write(0xF04, 8)
    cc.write(0xF00, 33)
    cc.write(0xF04, 8)
    assert cc.read(0xF00) == 33

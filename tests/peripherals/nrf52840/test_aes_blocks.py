"""AES, ECB, CCM and AAR on published vectors: FIPS 197 appendix C, Bluetooth Core specification 3.H.D.7 and 6.C.1."""

import pytest
from cmsim_peripherals.nrf52840.aar import Aar, ah
from cmsim_peripherals.nrf52840.aes import SBOX, encrypt, xor
from cmsim_peripherals.nrf52840.ccm import Ccm, authenticate, key_stream, nonce
from cmsim_peripherals.nrf52840.ecb import Ecb

from cmsim.soc import Row

RAM = 0x2000_0000
US = 64
FIPS_KEY = bytes(range(16))
FIPS_TEXT = bytes.fromhex("00112233445566778899aabbccddeeff")
FIPS_CIPHER = bytes.fromhex("69c4e0d86a7b0430d8cdb78070b4c55a")
SESSION_KEY = bytes.fromhex("99ad1b5226a37e3e058e3b8e27c2c666")
IV = bytes.fromhex("24abdcbabebaafde")
IRK = bytes.fromhex("ec0234a357c8ad05341010a60a397d9b")


def test_s_box_of_fips_197():
    assert SBOX[:4].hex() == "637c777b"
    assert SBOX[0x53] == 0xED
    assert sorted(SBOX) == list(range(256))


def test_fips_197_example():
    assert encrypt(FIPS_KEY, FIPS_TEXT) == FIPS_CIPHER


class TestEcb:
    @pytest.fixture
    def soc(self, make_soc):
        return make_soc(Row("ECB", 0x4000_E000, Ecb))

    def test_a_block_takes_7_2_us(self, soc):
        ecb = soc.blocks["ECB"]
        soc.dma_write(RAM + 64, FIPS_KEY + FIPS_TEXT)
        ecb.write(0x504, RAM + 64)
        ecb.write(0x000, 1)
        soc.scheduler.advance(460)
        assert ecb.read(0x100) == 0
        soc.scheduler.advance(461)
        assert ecb.read(0x100) == 1
        assert soc.dma_read(RAM + 96, 16) == FIPS_CIPHER

    def test_stop_is_an_error_event(self, soc):
        ecb = soc.blocks["ECB"]
        ecb.write(0x004, 1)
        assert ecb.read(0x104) == 0
        ecb.write(0x504, RAM)
        ecb.write(0x000, 1)
        ecb.write(0x004, 1)
        soc.scheduler.advance(10_000)
        assert (ecb.read(0x100), ecb.read(0x104)) == (0, 1)

    def test_a_pointer_to_flash_is_an_error_and_told(self, soc):
        ecb = soc.blocks["ECB"]
        ecb.write(0x504, 0x1000)
        ecb.write(0x000, 1)
        soc.scheduler.advance(1000)
        assert (ecb.read(0x100), ecb.read(0x104)) == (0, 1)
        assert [u.offset for u in soc.unmodelled.values()] == [0x504]


@pytest.fixture
def three(make_soc):
    soc = make_soc(Row("ECB", 0x4000_E000, Ecb), Row("CCM", 0x4000_F000, Ccm), Row("AAR", 0x4001_F000, Aar))
    soc.blocks["ECB"].write(0x504, RAM)
    for name, enable, pointers in (("CCM", 2, (0x508, 0x50C, 0x510)), ("AAR", 3, (0x508, 0x510))):
        soc.blocks[name].write(0x500, enable)
        for offset in pointers:
            soc.blocks[name].write(offset, RAM + 0x200)
    return soc


@pytest.mark.parametrize(("name", "task"), [("CCM", 0x000), ("CCM", 0x004), ("AAR", 0x000)])
def test_ecb_gives_way_to_ccm_and_aar(three, name, task):
    """Section 6.7.1: an encryption that shares the core with them is aborted, whoever came first."""
    ecb, other = three.blocks["ECB"], three.blocks[name]
    ecb.write(0x000, 1)
    other.write(task, 1)
    assert (ecb.read(0x100), ecb.read(0x104)) == (0, 1)
    ecb.write(0x104, 0)
    ecb.write(0x000, 1)
    assert ecb.read(0x104) == 1
    ecb.write(0x104, 0)
    three.scheduler.advance(1000 * US)
    ecb.write(0x000, 1)
    three.scheduler.advance(1010 * US)
    assert (ecb.read(0x100), ecb.read(0x104)) == (1, 0)


def test_a_stopped_ccm_leaves_the_core(three):
    three.blocks["CCM"].write(0x000, 1)
    three.blocks["CCM"].write(0x008, 1)
    three.blocks["ECB"].write(0x000, 1)
    three.scheduler.advance(10 * US)
    assert three.blocks["ECB"].read(0x100) == 1


class TestCcm:
    CONFIGURATION, IN, OUT = RAM, RAM + 0x100, RAM + 0x200

    @pytest.fixture
    def soc(self, make_soc):
        soc = make_soc(Row("CCM", 0x4000_F000, Ccm))
        ccm = soc.blocks["CCM"]
        for offset, value in ((0x500, 2), (0x508, self.CONFIGURATION), (0x50C, self.IN), (0x510, self.OUT)):
            ccm.write(offset, value)
        ccm.write(0x200, 1)
        return soc

    def crypt(self, soc, packet, counter=0, direction=1, *, decrypt):
        ccm = soc.blocks["CCM"]
        soc.dma_write(self.CONFIGURATION, SESSION_KEY + counter.to_bytes(8, "little") + bytes((direction,)) + IV)
        soc.dma_write(self.IN, packet)
        ccm.write(0x504, int(decrypt) | 1 << 24)
        ccm.write(0x104, 0)
        ccm.write(0x000, 1)
        begun = soc.scheduler.now
        soc.scheduler.advance(begun + (50 + 8 * len(packet)) * US)
        assert ccm.read(0x100) == 1
        assert ccm.read(0x104) == 1
        return soc.dma_read(self.OUT, 3 + soc.dma_read(self.OUT, 2)[1])

    def test_start_encryption_response_of_the_core_specification(self, soc):
        """LL_START_ENC_RSP1: header 0x0F, payload 0x06, packet 0 from the central."""
        encrypted = self.crypt(soc, bytes((0x0F, 1, 0, 0x06)), decrypt=False)
        assert encrypted.hex() == "0f0500" + "9fcda7f448"

    def test_decryption_checks_the_mic(self, soc):
        packet = bytes.fromhex("0f0500" + "9fcda7f448")
        assert self.crypt(soc, packet, decrypt=True).hex() == "0f010006"
        assert soc.blocks["CCM"].read(0x400) == 1
        self.crypt(soc, packet[:-1] + b"\x49", decrypt=True)
        assert soc.blocks["CCM"].read(0x400) == 0

    @pytest.mark.parametrize("length", [1, 2, 3, 4])
    def test_a_packet_too_short_for_a_mic_fails_the_check(self, soc, length):
        """Section 6.4.3; with four bytes even where they would be the MIC of nothing."""
        soc.blocks["CCM"].write(0x504, 1 << 24 | 1)
        unique = nonce(SESSION_KEY + bytes(8) + b"\1" + IV)
        mic = xor(authenticate(SESSION_KEY, unique, 0x0F, b""), key_stream(SESSION_KEY, unique, 0)[0])
        self.crypt(soc, bytes((0x0F, length, 0)) + mic[:length], decrypt=True)
        assert soc.blocks["CCM"].read(0x400) == 0

    @pytest.mark.parametrize(("rate", "byte"), [(0, 8), (1, 4), (2, 64), (3, 16)])
    def test_it_goes_at_the_pace_of_the_radio(self, soc, rate, byte):
        ccm = soc.blocks["CCM"]
        soc.dma_write(self.IN, bytes((0x0F, 10, 0)))
        ccm.write(0x504, rate << 16)
        ccm.write(0x004, 1)
        soc.scheduler.advance(13 * byte * US - 1)
        assert ccm.read(0x104) == 0
        soc.scheduler.advance(13 * byte * US)
        assert ccm.read(0x104) == 1

    @pytest.mark.parametrize("length", [1, 15, 16, 17, 27, 251])
    def test_round_trip(self, soc, length):
        packet = bytes((0x0E, length, 0)) + bytes(n & 0xFF for n in range(length))
        encrypted = self.crypt(soc, packet, counter=(1 << 39) - 1, direction=0, decrypt=False)
        assert len(encrypted) == 3 + length + 4
        assert self.crypt(soc, encrypted, counter=(1 << 39) - 1, direction=0, decrypt=True) == packet

    def test_a_packet_without_payload_passes_as_it_is(self, soc):
        assert self.crypt(soc, bytes((0x0D, 0, 0)), decrypt=False).hex() == "0d0000"

    def test_key_stream_takes_50_us_and_nothing_happens_while_disabled(self, soc):
        ccm = soc.blocks["CCM"]
        ccm.write(0x200, 0)
        ccm.write(0x000, 1)
        soc.scheduler.advance(50 * US - 1)
        assert ccm.read(0x100) == 0
        soc.scheduler.advance(50 * US)
        assert ccm.read(0x100) == 1
        ccm.write(0x100, 0)
        ccm.write(0x500, 0)
        ccm.write(0x000, 1)
        soc.scheduler.advance(1_000_000)
        assert ccm.read(0x100) == 0

    def test_a_pointer_outside_ram_is_an_error_and_told(self, soc):
        ccm = soc.blocks["CCM"]
        ccm.write(0x50C, 0)
        ccm.write(0x004, 1)
        assert ccm.read(0x108) == 1
        assert soc.unmodelled


class TestAar:
    @pytest.fixture
    def soc(self, make_soc):
        soc = make_soc(Row("AAR", 0x4000_F000, Aar))
        soc.dma_write(RAM + 0x100 + 3, bytes.fromhex("708194" + "0dfbaa")[::-1])
        for offset, value in ((0x500, 3), (0x508, RAM), (0x510, RAM + 0x100)):
            soc.blocks["AAR"].write(offset, value)
        return soc

    def test_ah_of_the_core_specification(self):
        assert ah(IRK, bytes.fromhex("708194")).hex() == "0dfbaa"

    @pytest.mark.parametrize("index", [0, 2])
    def test_finds_the_key_in_1_us_and_6_us_a_key(self, soc, index):
        aar = soc.blocks["AAR"]
        soc.dma_write(RAM + 16 * index, IRK)
        aar.write(0x504, 3)
        aar.write(0x000, 1)
        due = (1 + 6 * (index + 1)) * US
        soc.scheduler.advance(due - 1)
        assert aar.read(0x100) == 0
        soc.scheduler.advance(due)
        assert [aar.read(offset) for offset in (0x100, 0x104, 0x108, 0x400)] == [1, 1, 0, index]

    def test_no_key_fits(self, soc):
        aar = soc.blocks["AAR"]
        aar.write(0x504, 2)
        aar.write(0x000, 1)
        soc.scheduler.advance(13 * US)
        assert [aar.read(offset) for offset in (0x100, 0x104, 0x108)] == [1, 0, 1]

    def test_stop_and_disable(self, soc):
        aar = soc.blocks["AAR"]
        for offset, value in ((0x008, 1), (0x500, 0)):
            aar.write(0x000, 1)
            aar.write(offset, value)
        aar.write(0x000, 1)
        soc.scheduler.advance(100_000)
        assert aar.read(0x100) == 0

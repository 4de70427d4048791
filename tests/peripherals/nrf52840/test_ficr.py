"""FICR: what start-up code and drivers read of it."""

from cmsim_peripherals.nrf52840.ficr import Ficr

from cmsim.soc import Chip, Row, Soc


def soc_with(seed=0):
    return Soc(Chip("test", "test", (Row("FICR", 0x1000_0000, Ficr),), 1 << 20, 1 << 18), seed=seed)


def test_sizes_and_part():
    ficr = soc_with().blocks["FICR"]
    assert (ficr.read(0x010), ficr.read(0x014)) == (4096, 256)
    assert (ficr.read(0x100), ficr.read(0x108)) == (0x52840, 0x2004)
    assert (ficr.read(0x10C), ficr.read(0x110)) == (256, 1024)
    assert ficr.read(0x104).to_bytes(4, "big") == b"AAC0"
    assert ficr.read(0x350) == 0xBB42_319F


def test_errata_probes():
    ficr = soc_with().blocks["FICR"]
    assert (ficr.read(0x130), ficr.read(0x134)) == (8, 2)


def test_temperature_trim():
    ficr = soc_with().blocks["FICR"]
    trim = [ficr.read(offset) for offset in range(0x404, 0x448, 4)]
    assert trim[0] & 0xFFF == 0x320
    assert trim[6] & 0x3FFF == 0x3FCC
    assert [word & 0xFF for word in trim[12:]] == [0xE2, 0x00, 0x14, 0x19, 0x50]


def test_identity_follows_the_seed_alone():
    def identity(seed):
        ficr = soc_with(seed).blocks["FICR"]
        return [ficr.read(offset) for offset in (0x60, 0x64, *range(0x80, 0xA0, 4), 0xA4, 0xA8)]

    assert identity(1) == identity(1)
    assert identity(1) != identity(2)
    assert len(set(identity(1))) == 12
    assert soc_with().blocks["FICR"].read(0xA0) & 1 == 1
    assert soc_with(3).blocks["FICR"].read(0x450) & 0xFF == 0x5F


def test_read_only_and_permanent():
    soc = soc_with()
    ficr = soc.blocks["FICR"]
    before = ficr.read(0x60)
    ficr.write(0x60, 0)
    soc.reset()
    assert ficr.read(0x60) == before
    assert [report.access for report in soc.unmodelled.values()] == ["write"]


def test_words_without_a_name_are_erased():
    soc = soc_with()
    assert soc.blocks["FICR"].read(0x200) == 0xFFFF_FFFF
    assert soc.unmodelled == {}

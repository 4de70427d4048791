"""SHA-1 and SHA-2 against the standard library, and AES decryption against encryption."""

import hashlib

from cmsim_peripherals.nrf52840 import sha
from cmsim_peripherals.nrf52840.aes import decrypt, encrypt
from hypothesis import given, settings
from hypothesis import strategies as st

START_1 = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
START_256 = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]


def digest(compress, state, message):
    padded = message + sha.padding(len(message))
    for n in range(0, len(padded), sha.BLOCK):
        state = compress(state, padded[n : n + sha.BLOCK])
    return b"".join(word.to_bytes(4, "big") for word in state)


def test_constants_of_fips_180():
    assert (sha.CONSTANTS[0], sha.CONSTANTS[63]) == (0x428A2F98, 0xC67178F2)
    assert [hex(k) for k in sha.ROUND_CONSTANTS_1] == ["0x5a827999", "0x6ed9eba1", "0x8f1bbcdc", "0xca62c1d6"]


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200))
def test_digests(message):
    assert digest(sha.sha1, START_1, message) == hashlib.sha1(message).digest()
    assert digest(sha.sha256, START_256, message) == hashlib.sha256(message).digest()


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_decryption_undoes_encryption(key, block):
    assert decrypt(key, encrypt(key, block)) == block

"""AES-128 on one block, for ECB, CCM, AAR and CryptoCell (FIPS 197, sections 4 and 5).

Not modelled: longer keys, which none of these blocks has.
"""

from __future__ import annotations

from functools import lru_cache

BLOCK = 16
ROUNDS = 10


def _double(a: int) -> int:
    """`a` times x in GF(2^8)."""
    return (a << 1 ^ (0x11B if a & 0x80 else 0)) & 0xFF


def _substitution_box() -> bytes:
    """The S-box: the inverse in GF(2^8), then the affine map of section 5.1.1."""
    power, logarithm, a = [], [0] * 256, 1
    for n in range(255):
        power.append(a)
        logarithm[a] = n
        a ^= _double(a)  # 3 generates the multiplicative group
    box = []
    for value in range(256):
        inverse = power[-logarithm[value] % 255] if value else 0
        rotations = inverse * 0x101  # so that a shift right rotates left
        box.append((inverse ^ rotations >> 7 ^ rotations >> 6 ^ rotations >> 5 ^ rotations >> 4 ^ 0x63) & 0xFF)
    return bytes(box)


SBOX = _substitution_box()
INVERSE_SBOX = bytes(sorted(range(256), key=SBOX.__getitem__))
DOUBLE = bytes(_double(a) for a in range(256))
SHIFTED = tuple((n + 4 * (n % 4)) % BLOCK for n in range(BLOCK))
"""ShiftRows: where byte n of the state comes from."""
UNSHIFTED = tuple(sorted(range(BLOCK), key=SHIFTED.__getitem__))


@lru_cache(maxsize=16)
def _round_keys(key: bytes) -> list[bytes]:
    words = [key[n : n + 4] for n in range(0, BLOCK, 4)]
    constant = 1
    for n in range(4, 4 * (ROUNDS + 1)):
        word = words[-1]
        if n % 4 == 0:
            rotated = (word[1:] + word[:1]).translate(SBOX)
            word = bytes((rotated[0] ^ constant,)) + rotated[1:]
            constant = _double(constant)
        words.append(xor(words[n - 4], word))
    return [b"".join(words[n : n + 4]) for n in range(0, len(words), 4)]


def xor(a: bytes, b: bytes) -> bytes:
    """Bytes of `a` and `b`, as many as the shorter one has, combined."""
    return bytes(x ^ y for x, y in zip(a, b, strict=False))


def _mix(state: bytes) -> bytes:
    mixed = bytearray()
    for first in range(0, BLOCK, 4):
        column = state[first : first + 4]
        every = column[0] ^ column[1] ^ column[2] ^ column[3]
        mixed += bytes(column[n] ^ every ^ DOUBLE[column[n] ^ column[(n + 1) % 4]] for n in range(4))
    return bytes(mixed)


def encrypt(key: bytes, block: bytes) -> bytes:
    """The 16 bytes `block` under the 16 bytes `key`, first byte first as FIPS 197 writes them."""
    keys = _round_keys(key)
    state = xor(block, keys[0])
    for n in range(1, ROUNDS + 1):
        replaced = state.translate(SBOX)
        shifted = bytes(replaced[source] for source in SHIFTED)
        state = xor(shifted if n == ROUNDS else _mix(shifted), keys[n])
    return state


def decrypt(key: bytes, block: bytes) -> bytes:
    """What `encrypt` undoes."""
    keys = _round_keys(key)
    state = block
    for n in range(ROUNDS, 0, -1):
        state = xor(state, keys[n])
        if n != ROUNDS:
            state = _mix(_mix(_mix(state)))  # the matrix of MixColumns has order 4
        state = bytes(state[source] for source in UNSHIFTED).translate(INVERSE_SBOX)
    return xor(state, keys[0])

"""SHA-1, SHA-224 and SHA-256, one block at a time, so that a digest can be taken up in the middle (FIPS 180-4).

Not modelled: nothing of these three is left out; SHA-384 and SHA-512 are not in this chip.
"""

from __future__ import annotations

from math import isqrt

from cmsim.registers import WORD

BLOCK = 64


def _primes(count: int) -> list[int]:
    found: list[int] = []
    n = 2
    while len(found) < count:
        if all(n % p for p in found):
            found.append(n)
        n += 1
    return found


def _cube_root(n: int) -> int:
    """The integer part of the cube root."""
    root = 1 << -(-n.bit_length() // 3)
    while root**3 > n:
        root = (2 * root + n // root**2) // 3
    return root


CONSTANTS = tuple(_cube_root(prime << 96) & WORD for prime in _primes(64))
"""The first 32 bits behind the point of the cube roots of the first 64 primes (section 4.2.2)."""
ROUND_CONSTANTS_1 = tuple(isqrt(n << 60) for n in (2, 3, 5, 10))
"""Section 4.2.1: square roots, 30 bits behind the point."""


def _left(x: int, n: int) -> int:
    return (x << n | x >> 32 - n) & WORD


def _right(x: int, n: int) -> int:
    return (x >> n | x << 32 - n) & WORD


def sha1(state: list[int], block: bytes) -> list[int]:
    """The five words of `state` after the 64 bytes of `block` (section 6.1.2)."""
    w = [int.from_bytes(block[n : n + 4], "big") for n in range(0, BLOCK, 4)]
    for t in range(16, 80):
        w.append(_left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1))
    a, b, c, d, e = state[:5]
    for t in range(80):
        mix = (b & c | ~b & d, b ^ c ^ d, b & c | b & d | c & d, b ^ c ^ d)[t // 20]
        total = _left(a, 5) + (mix & WORD) + e + ROUND_CONSTANTS_1[t // 20] + w[t] & WORD
        a, b, c, d, e = total, a, _left(b, 30), c, d
    return [x + y & WORD for x, y in zip(state[:5], (a, b, c, d, e), strict=True)]


def sha256(state: list[int], block: bytes) -> list[int]:
    """The eight words of `state` after the 64 bytes of `block` (section 6.2.2); SHA-224 differs in the first state."""
    w = [int.from_bytes(block[n : n + 4], "big") for n in range(0, BLOCK, 4)]
    for t in range(16, 64):
        small_0 = _right(w[t - 15], 7) ^ _right(w[t - 15], 18) ^ w[t - 15] >> 3
        small_1 = _right(w[t - 2], 17) ^ _right(w[t - 2], 19) ^ w[t - 2] >> 10
        w.append(w[t - 16] + small_0 + w[t - 7] + small_1 & WORD)
    a, b, c, d, e, f, g, h = state
    for t in range(64):
        big_1 = _right(e, 6) ^ _right(e, 11) ^ _right(e, 25)
        first = h + big_1 + (e & f ^ ~e & g & WORD) + CONSTANTS[t] + w[t] & WORD
        big_0 = _right(a, 2) ^ _right(a, 13) ^ _right(a, 22)
        a, b, c, d, e, f, g, h = first + big_0 + (a & b ^ a & c ^ b & c) & WORD, a, b, c, d + first & WORD, e, f, g
    return [x + y & WORD for x, y in zip(state, (a, b, c, d, e, f, g, h), strict=True)]


def padding(length: int) -> bytes:
    """What follows a message of `length` bytes (section 5.1.1)."""
    return b"\x80" + bytes(-(length + 9) % BLOCK) + (8 * length).to_bytes(8, "big")

"""Ed25519 (RFC 8032): whether a signature is one, strictly."""

from functools import lru_cache
from hashlib import sha512

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def _point(data):
    """The point that 32 bytes are (section 5.1.3), in extended coordinates, or None.

    A y of 2^255 - 19 and more is taken as it is less that: who made the key chose so.
    """
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, (number & (2**255 - 1)) % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    if x & 1 != sign:
        x = -x % P
    return (x, y, 1, x * y % P)


def _add(p, q):
    """Section 5.1.4."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(number, point):
    product = NEUTRAL
    while number:
        if number & 1:
            product = _add(product, point)
        point = _add(point, point)
        number >>= 1
    return product


def _bytes(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _has_small_order(point):
    eightfold = _times(8, point)
    return eightfold[0] == 0 and eightfold[1] == eightfold[2]


BASE = _point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


@lru_cache(maxsize=1000)
def is_public_key(data):
    return len(data) == 32 and _point(data) is not None


@lru_cache(maxsize=100_000)
def signed_by(public, signature, message):
    """Whether this is the signature of the message by who has the secret half (section 5.1.7).

    Strictly: the equation without the factor 8, and neither key nor R of small order.
    """
    key, r = _point(public), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or key is None or r is None or s >= ORDER:
        return False
    if _has_small_order(key) or _has_small_order(r):
        return False
    digest = sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(digest, "little") % ORDER
    minus_key = (-key[0] % P, key[1], key[2], -key[3] % P)
    return _bytes(_add(_times(s, BASE), _times(k, minus_key))) == signature[:32]

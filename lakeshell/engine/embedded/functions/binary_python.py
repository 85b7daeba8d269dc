"""Functions of bytes in Python, with Java's results and errors.

In and out: plain values; raise `QueryFailed`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import zlib

from lakeshell.engine.embedded.values.emission import PythonFailure, invalid


def sha512(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


def _hmac(data: bytes, key: bytes, name: str) -> bytes:
    if not key:
        raise PythonFailure("Empty key", code="GENERIC_INTERNAL_ERROR")
    return hmac.digest(key, data, name)


def hmac_md5(data: bytes, key: bytes) -> bytes:
    return _hmac(data, key, "md5")


def hmac_sha1(data: bytes, key: bytes) -> bytes:
    return _hmac(data, key, "sha1")


def hmac_sha256(data: bytes, key: bytes) -> bytes:
    return _hmac(data, key, "sha256")


def hmac_sha512(data: bytes, key: bytes) -> bytes:
    return _hmac(data, key, "sha512")


def crc32(data: bytes) -> int:
    return zlib.crc32(data)


# --- xxHash64 ----------------------------------------------------------------------------------

_MASK = (1 << 64) - 1
_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def _turn(x: int, bits: int) -> int:
    return (x << bits | x >> 64 - bits) & _MASK


def _round(held: int, lane: int) -> int:
    return _turn((held + lane * _P2) & _MASK, 31) * _P1 & _MASK


def xxhash64(data: bytes) -> bytes:
    at, size = 0, len(data)
    if size >= 32:
        held = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while at + 32 <= size:
            lanes = struct.unpack_from("<4Q", data, at)
            held = [_round(h, lane) for h, lane in zip(held, lanes, strict=True)]
            at += 32
        made = sum(_turn(h, bits) for h, bits in zip(held, (1, 7, 12, 18), strict=True)) & _MASK
        for h in held:
            made = ((made ^ _round(0, h)) * _P1 + _P4) & _MASK
    else:
        made = _P5
    made = (made + size) & _MASK
    while at + 8 <= size:
        made ^= _round(0, struct.unpack_from("<Q", data, at)[0])
        made = (_turn(made, 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= size:
        made ^= struct.unpack_from("<I", data, at)[0] * _P1 & _MASK
        made = (_turn(made, 23) * _P2 + _P3) & _MASK
        at += 4
    for byte in data[at:]:
        made = _turn(made ^ byte * _P5 & _MASK, 11) * _P1 & _MASK
    made = (made ^ made >> 33) * _P2 & _MASK
    made = (made ^ made >> 29) * _P3 & _MASK
    return (made ^ made >> 32).to_bytes(8, "big")


# --- MurmurHash3 of 128 bits -----------------------------------------------------------------

_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


def _scrambled(lane: int, first: int, bits: int, second: int) -> int:
    return _turn(lane * first & _MASK, bits) * second & _MASK


def _finished(x: int) -> int:
    x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD & _MASK
    x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return x ^ x >> 33


def murmur3(data: bytes) -> bytes:
    low = high = 0
    whole = len(data) // 16 * 16
    for at in range(0, whole, 16):
        first, second = struct.unpack_from("<2Q", data, at)
        low = (_turn(low ^ _scrambled(first, _C1, 31, _C2), 27) + high & _MASK) * 5 + 0x52DCE729
        low &= _MASK
        high = (_turn(high ^ _scrambled(second, _C2, 33, _C1), 31) + low & _MASK) * 5 + 0x38495AB5
        high &= _MASK
    rest = data[whole:]
    high ^= _scrambled(int.from_bytes(rest[8:], "little"), _C2, 33, _C1)
    low ^= _scrambled(int.from_bytes(rest[:8], "little"), _C1, 31, _C2)
    low, high = low ^ len(data), high ^ len(data)
    low = low + high & _MASK
    high = high + low & _MASK
    low, high = _finished(low), _finished(high)
    low = low + high & _MASK
    high = high + low & _MASK
    return struct.pack("<2Q", low, high)


# --- encodings ---------------------------------------------------------------------------------


def to_base32(data: bytes) -> str:
    return base64.b32encode(data).decode()


def from_hex(text: str) -> bytes:
    return from_hex_bytes(text.encode())


def from_hex_bytes(data: bytes) -> bytes:
    if len(data) % 2:
        raise invalid(f"invalid input length {len(data)}")
    for byte in data:
        if byte not in b"0123456789abcdefABCDEF":
            raise invalid(f'not a hexadecimal digit: "{chr(byte)}" = {byte}')
    return bytes.fromhex(data.decode())


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BASE64URL = _BASE64[:-2] + b"-_"
_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def from_base64(text: str) -> bytes:
    return _from_base64(text.encode(), _BASE64)


def from_base64_bytes(data: bytes) -> bytes:
    return _from_base64(data, _BASE64)


def from_base64url(text: str) -> bytes:
    return _from_base64(text.encode(), _BASE64URL)


def from_base64url_bytes(data: bytes) -> bytes:
    return _from_base64(data, _BASE64URL)


def _from_base64(data: bytes, alphabet: bytes) -> bytes:
    """As Java's decoder: padding is all or nothing."""
    if data and len(data) < 2:
        raise invalid("Input byte[] should at least have 2 bytes for base64 bytes")
    body = data
    at = data.find(b"=")
    if at >= 0:
        body = data[:at]
        pads = {2: 2, 3: 1}.get(at % 4, 0)
        for place, byte in enumerate(body):
            _known(byte, place, alphabet)
        if at % 4 == 1:
            raise invalid("Last unit does not have enough valid bits")
        if not pads or data[at : at + pads] != b"=" * pads:
            raise invalid("Input byte array has wrong 4-byte ending unit")
        if len(data) > at + pads:
            raise invalid(f"Input byte array has incorrect ending byte at {at + pads}")
    else:
        for place, byte in enumerate(body):
            _known(byte, place, alphabet)
        if len(body) % 4 == 1:
            raise invalid("Last unit does not have enough valid bits")
    standard = body.translate(bytes.maketrans(alphabet, _BASE64))
    return base64.b64decode(standard + b"=" * (-len(standard) % 4))


def _known(byte: int, place: int, alphabet: bytes) -> None:
    if byte not in alphabet:
        raise invalid(f"Illegal base64 character {byte:x}")


def from_base32(text: str) -> bytes:
    data = text.rstrip("=").encode()
    if len(data) % 8 in (1, 3, 6):
        raise invalid(f"Invalid input length {len(data)}")
    for c in text.rstrip("="):
        if ord(c) > 127 or ord(c) not in _BASE32:
            shown = c if " " < c <= "~" else f"0x{ord(c):x}"
            raise invalid(f"Unrecognized character: {shown}")
    return base64.b32decode(data + b"=" * (-len(data) % 8))


def from_base32_bytes(data: bytes) -> bytes:
    return from_base32(from_utf8(data))


# --- numbers -----------------------------------------------------------------------------------


def _sized(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise invalid(f"expected {size}-byte input, but got instead: {len(data)}")
    return data


def to_big_endian_32(value: int) -> bytes:
    return struct.pack(">i", value)


def to_big_endian_64(value: int) -> bytes:
    return struct.pack(">q", value)


def from_big_endian_32(data: bytes) -> int:
    return int.from_bytes(_sized(data, 4), "big", signed=True)


def from_big_endian_64(data: bytes) -> int:
    return int.from_bytes(_sized(data, 8), "big", signed=True)


def to_ieee754_32(value: float) -> bytes:
    return struct.pack(">f", value)


def to_ieee754_64(value: float) -> bytes:
    return struct.pack(">d", value)


def _floating(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise invalid(f"Input floating-point value must be exactly {size} bytes long")
    return data


def from_ieee754_32(data: bytes) -> str:
    """As text, for DuckDB takes a Python NaN for NULL."""
    return repr(struct.unpack(">f", _floating(data, 4))[0])


def from_ieee754_64(data: bytes) -> str:
    return repr(struct.unpack(">d", _floating(data, 8))[0])


# --- text --------------------------------------------------------------------------------------


def from_utf8(data: bytes) -> str:
    return _decoded(data, "\ufffd")


def from_utf8_with(data: bytes, replacement: str) -> str:
    if len(replacement) > 1:
        raise invalid("Replacement character string must empty or a single character")
    return _decoded(data, replacement)


def from_utf8_point(data: bytes, point: int) -> str:
    if point > 0x10FFFF or point < 0 or 0xD800 <= point <= 0xDFFF:
        raise invalid("Invalid replacement character")
    return _decoded(data, chr(point))


def _decoded(data: bytes, replacement: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    made, at = [], 0
    while at < len(data):
        size = _form(data[at])
        end = at + 1
        while end < at + size and end < len(data) and data[end] & 0xC0 == 0x80:
            end += 1
        try:
            made.append(data[at:end].decode())
        except UnicodeDecodeError:
            made.append(replacement)
        at = end
    return "".join(made)


def _form(lead: int) -> int:
    """How many bytes the first one announces, the forms of five and six included."""
    for bits, size in ((0xFC, 6), (0xF8, 5), (0xF0, 4), (0xE0, 3), (0xC0, 2)):
        if lead >= bits:
            return 1 if lead >= 0xFE else size
    return 1

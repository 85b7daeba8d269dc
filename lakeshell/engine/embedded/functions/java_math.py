"""Functions whose last digit in Java is not the C library's.

In: numbers, any. Out: the double that Java gives. `atan`, `asin`,
`acos`, `atan2`, `sinh` and `cosh` are fdlibm's algorithms (Sun Microsystems, 1993), which Java's
StrictMath prescribes; `log10`, `cbrt` and `tanh` are compiled code in Java that rounds correctly,
so they are computed in extended precision here.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

import numpy

_ARCTANGENT = (
    3.33333333333329318027e-01, -1.99999999998764832476e-01, 1.42857142725034663711e-01,
    -1.11111104054623557880e-01, 9.09088713343650656196e-02, -7.69187620504482999495e-02,
    6.66107313738753120669e-02, -5.83357013379057348645e-02, 4.97687799461593236017e-02,
    -3.65315727442169155270e-02, 1.62858201153657823623e-02,
)  # fmt: skip
_ARCTANGENT_OF = (
    (4.63647609000806093515e-01, 2.26987774529616870924e-17),  # 0.5
    (7.85398163397448278999e-01, 3.06161699786838301793e-17),  # 1
    (9.82793723247329054082e-01, 1.39033110312309984516e-17),  # 1.5
    (1.57079632679489655800e00, 6.12323399573676603587e-17),  # infinity
)
_HALF_PI, _HALF_PI_LOW = _ARCTANGENT_OF[3]
_QUARTER_PI = _ARCTANGENT_OF[1][0]
_PI_LOW = 1.2246467991473531772e-16

_ARCSINE_ABOVE = (
    1.66666666666666657415e-01, -3.25565818622400915405e-01, 2.01212532134862925881e-01,
    -4.00555345006794114027e-02, 7.91534994289814532176e-04, 3.47933107596021167570e-05,
)  # fmt: skip
_ARCSINE_BELOW = (
    1.0, -2.40339491173441421878e00, 2.02094576023350569471e00,
    -6.88283971605453293030e-01, 7.70381505559019352791e-02,
)  # fmt: skip

_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_PER_LN2 = 1.44269504088896338700e00
_EXPONENTIAL = (
    1.66666666666666019037e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05,
    -1.65339022054652515390e-06, 4.13813679705723846039e-08,
)  # fmt: skip
_EXPONENTIAL_LESS_ONE = (
    1.0, -3.33333333333331316428e-02, 1.58730158725481460165e-03,
    -7.93650757867487942473e-05, 4.00821782732936239552e-06, -2.01099218183624371326e-07,
)  # fmt: skip
_HALF_LN2, _LN2_AND_HALF = 0.34657359027997264, 1.0397207708399179
_LARGEST_EXPONENT = 709.782712893384


def _polynomial(coefficients: Sequence[float], x: float) -> float:
    made = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        made = coefficient + x * made
    return made


def _high_half(x: float) -> float:
    """`x` without the lower 32 bits of its 64."""
    (bits,) = struct.unpack("<q", struct.pack("<d", x))
    return float(struct.unpack("<d", struct.pack("<q", bits & ~0xFFFFFFFF))[0])


def atan(x: float) -> float:
    size = abs(x)
    if size >= 2.0**66:
        return math.copysign(_HALF_PI + _HALF_PI_LOW, x)
    if size < 2.0**-29:
        return x
    known = None
    if size < 0.4375:
        reduced = x
    elif size < 0.6875:
        known, reduced = _ARCTANGENT_OF[0], (2.0 * size - 1.0) / (2.0 + size)
    elif size < 1.1875:
        known, reduced = _ARCTANGENT_OF[1], (size - 1.0) / (size + 1.0)
    elif size < 2.4375:
        known, reduced = _ARCTANGENT_OF[2], (size - 1.5) / (1.0 + 1.5 * size)
    else:
        known, reduced = _ARCTANGENT_OF[3], -1.0 / size
    square = reduced * reduced
    fourth = square * square
    odd = square * _polynomial(_ARCTANGENT[::2], fourth)
    even = fourth * _polynomial(_ARCTANGENT[1::2], fourth)
    if known is None:
        return reduced - reduced * (odd + even)
    return math.copysign(known[0] - ((reduced * (odd + even) - known[1]) - reduced), x)


def atan2(y: float, x: float) -> float:
    if not (math.isfinite(x) and math.isfinite(y) and x and y):
        return math.atan2(y, x)
    if x == 1.0:
        return atan(y)
    apart = math.frexp(y)[1] - math.frexp(x)[1]
    if apart > 61:
        angle = _HALF_PI + 0.5 * _PI_LOW
        return math.copysign(angle, y)
    angle = 0.0 if x < 0 and apart < -61 else atan(abs(y / x))
    if x > 0:
        return math.copysign(angle, y)
    return math.pi - (angle - _PI_LOW) if y > 0 else (angle - _PI_LOW) - math.pi


def _arcsine_ratio(z: float) -> float:
    return z * _polynomial(_ARCSINE_ABOVE, z) / _polynomial(_ARCSINE_BELOW, z)


def asin(x: float) -> float:
    size = abs(x)
    if not size <= 1.0:
        return math.nan
    if size == 1.0:
        return x * _HALF_PI + x * _HALF_PI_LOW
    if size < 2.0**-27:
        return x
    if size < 0.5:
        return x + x * _arcsine_ratio(x * x)
    half = (1.0 - size) * 0.5
    root = math.sqrt(half)
    ratio = _arcsine_ratio(half)
    if size > 0.975:
        return math.copysign(_HALF_PI - (2.0 * (root + root * ratio) - _HALF_PI_LOW), x)
    high = _high_half(root)
    rest = (half - high * high) / (root + high)
    low = 2.0 * root * ratio - (_HALF_PI_LOW - 2.0 * rest)
    return math.copysign(_QUARTER_PI - (low - (_QUARTER_PI - 2.0 * high)), x)


def acos(x: float) -> float:
    if not abs(x) <= 1.0:
        return math.nan
    if x == 1.0:
        return 0.0
    if x == -1.0:
        return math.pi + 2.0 * _HALF_PI_LOW
    if abs(x) <= 2.0**-57:
        return _HALF_PI + _HALF_PI_LOW
    if abs(x) < 0.5:
        return _HALF_PI - (x - (_HALF_PI_LOW - x * _arcsine_ratio(x * x)))
    half = (1.0 - abs(x)) * 0.5
    root = math.sqrt(half)
    ratio = _arcsine_ratio(half)
    if x < 0:
        return math.pi - 2.0 * (root + (ratio * root - _HALF_PI_LOW))
    high = _high_half(root)
    rest = (half - high * high) / (root + high)
    return 2.0 * (high + (ratio * root + rest))


def _reduced(x: float) -> tuple[int, float, float]:
    """`x`, not negative, as a multiple of ln 2 and a rest in two parts."""
    if x <= _HALF_LN2:
        return 0, x, 0.0
    times = 1 if x < _LN2_AND_HALF else int(_PER_LN2 * x + 0.5)
    return times, x - times * _LN2_HIGH, times * _LN2_LOW


def _exp(x: float) -> float:
    """Of what is not negative."""
    if x < 2.0**-28:
        return 1.0 + x
    times, high, low = _reduced(x)
    rest = high - low
    square = rest * rest
    c = rest - square * _polynomial(_EXPONENTIAL, square)
    if times == 0:
        return 1.0 - ((rest * c) / (c - 2.0) - rest)
    return math.ldexp(1.0 - ((low - (rest * c) / (2.0 - c)) - high), times)


def _expm1(x: float) -> float:
    """exp(x) - 1 for 0 <= x < 22."""
    if x < 2.0**-54:
        return x
    times, high, low = _reduced(x)
    rest = high - low
    lost = (high - rest) - low
    half = 0.5 * rest
    halved = rest * half
    r = _polynomial(_EXPONENTIAL_LESS_ONE, halved)
    t = 3.0 - r * half
    e = halved * ((r - t) / (6.0 - rest * t))
    if times == 0:
        return rest - (rest * e - halved)
    e = (rest * (e - lost) - lost) - halved
    if times == 1:
        return -2.0 * (e - (rest + 0.5)) if rest < -0.25 else 1.0 + 2.0 * (rest - e)
    if times < 20:
        return math.ldexp((1.0 - math.ldexp(1.0, -times)) - (e - rest), times)
    return math.ldexp((rest - (e + math.ldexp(1.0, -times))) + 1.0, times)


def _half_exp(x: float) -> float:
    """exp(x) / 2 for x >= 22, infinite where that is too large."""
    if x < _LARGEST_EXPONENT:
        return 0.5 * _exp(x)
    if x > 710.475860073944:
        return math.inf
    root = _exp(0.5 * x)
    return 0.5 * root * root


def sinh(x: float) -> float:
    size = abs(x)
    if size < 2.0**-28 or math.isnan(x):
        return x
    if size >= 22.0:
        return math.copysign(_half_exp(size), x)
    t = _expm1(size)
    made = 2.0 * t - t * t / (t + 1.0) if size < 1.0 else t + t / (t + 1.0)
    return math.copysign(0.5, x) * made


def cosh(x: float) -> float:
    size = abs(x)
    if size <= _HALF_LN2:
        t = _expm1(size)
        return 1.0 + t if size < 2.0**-55 else 1.0 + (t * t) / (2.0 * (1.0 + t))
    if math.isnan(x):
        return x
    if size >= 22.0:
        return _half_exp(size)
    t = _exp(size)
    return 0.5 * t + 0.5 / t


def log10(x: float) -> float:
    if not x > 0:
        return -math.inf if x == 0 else math.nan
    return float(numpy.log10(numpy.longdouble(x)))


def cbrt(x: float) -> float:
    return float(numpy.cbrt(numpy.longdouble(x)))


def tanh(x: float) -> float:
    return float(numpy.tanh(numpy.longdouble(x)))

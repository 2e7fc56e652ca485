"""Geodesic distances on WGS 84 for whole columns: Vincenty's inverse formula (Survey Review XXIII 176, 1975), within 1 mm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_A = 6_378_137.0
_F = 1 / 298.257223563
_B = _A * (1 - _F)
_ROUNDS = 12

Column = NDArray[np.float64]


def metres(latitude: float, longitude: float, latitudes: Column, longitudes: Column) -> Column:
    """Return the distances in metres from one position to many; not for points nearly opposite on the earth."""
    u1 = np.arctan((1 - _F) * np.tan(np.radians(latitude)))
    u2 = np.arctan((1 - _F) * np.tan(np.radians(latitudes)))
    sin1, cos1, sin2, cos2 = np.sin(u1), np.cos(u1), np.sin(u2), np.cos(u2)
    apart = np.radians((longitudes - longitude + 180) % 360 - 180)
    lam = apart
    for _ in range(_ROUNDS):
        sin_lam, cos_lam = np.sin(lam), np.cos(lam)
        sin_sigma = np.hypot(cos2 * sin_lam, cos1 * sin2 - sin1 * cos2 * cos_lam)
        cos_sigma = sin1 * sin2 + cos1 * cos2 * cos_lam
        sigma = np.arctan2(sin_sigma, cos_sigma)
        with np.errstate(invalid="ignore", divide="ignore"):
            sin_alpha = np.where(sin_sigma == 0, 0.0, cos1 * cos2 * sin_lam / sin_sigma)
            cos2_alpha = 1 - sin_alpha**2
            cos_2m = np.where(cos2_alpha == 0, 0.0, cos_sigma - 2 * sin1 * sin2 / cos2_alpha)
        c = _F / 16 * cos2_alpha * (4 + _F * (4 - 3 * cos2_alpha))
        lam = apart + (1 - c) * _F * sin_alpha * (
            sigma + c * sin_sigma * (cos_2m + c * cos_sigma * (2 * cos_2m**2 - 1))
        )
    u_squared = cos2_alpha * (_A**2 - _B**2) / _B**2
    big_a = 1 + u_squared / 16384 * (4096 + u_squared * (-768 + u_squared * (320 - 175 * u_squared)))
    big_b = u_squared / 1024 * (256 + u_squared * (-128 + u_squared * (74 - 47 * u_squared)))
    correction = big_b * sin_sigma * (
        cos_2m
        + big_b / 4 * (
            cos_sigma * (2 * cos_2m**2 - 1)
            - big_b / 6 * cos_2m * (4 * sin_sigma**2 - 3) * (4 * cos_2m**2 - 3)
        )
    )  # fmt: skip
    found: Column = _B * big_a * (sigma - correction)
    return found

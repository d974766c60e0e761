"""Skin, hair and iris colours as linear RGB.

Skin follows the ten tones of the Monk Skin Tone scale (Ellis Monk, 2022; https://skintone.google, CC BY 4.0), so that
the pack can hold as many faces of each. Colours that are written as sRGB are turned into linear light.
"""

import numpy as np

MONK_TONES = (
    "#f6ede4", "#f3e7db", "#f7ead0", "#eadaba", "#d7bd96",
    "#a07e56", "#825c43", "#604134", "#3a312a", "#292420",
)  # fmt: skip
HAIR_COLOURS = {
    "black": "#120f0e",
    "dark brown": "#2b1d16",
    "brown": "#4e3322",
    "blond": "#a5834f",
    "red": "#6e3319",
    "grey": "#8c8a87",
    "white": "#cfccc6",
}
IRIS_COLOURS = {"dark": "#2a1a10", "brown": "#54341c", "hazel": "#6b5a2c", "green": "#5a6b45", "blue": "#5a7890"}
# A swatch is a lightness on a screen; skin measured by a spectrophotometer spans about L* 25 to 75.
LIGHTNESS_SLOPE, LIGHTNESS_OFFSET = 0.72, 9.0
HUE = np.deg2rad(55.0)  # skin's CIELAB hue lies between 45 and 70 degrees; ruddier skin lower
D65 = np.array([0.95047, 1.0, 1.08883])
XYZ_TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])


def linear(colour: str) -> np.ndarray:
    """Turn "#rrggbb" (sRGB, IEC 61966-2-1) into linear RGB (3,) in 0 to 1."""
    values = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255.0
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def skin_albedo(tone: int, warmth: float) -> np.ndarray:
    """Return the linear RGB (3,) of skin.

    The scale's swatches are greyer than skin, so only their lightness is kept; chroma and hue are those of measured
    skin (Xiao et al., "Characterising the variations in ethnic skin colours", Skin Research and Technology, 2017).

    Args:
        tone: Monk tone, 1 (lightest) to 10 (darkest).
        warmth: about -1 (sallow) to 1 (ruddy).
    """
    lightness = LIGHTNESS_SLOPE * _lightness(linear(MONK_TONES[tone - 1])) + LIGHTNESS_OFFSET
    chroma = 9.0 + 12.0 * np.sin(np.pi * np.clip((lightness - 12.0) / 72.0, 0.0, 1.0))
    hue = HUE - 0.14 * warmth
    return np.clip(lab_to_linear(lightness, chroma * np.cos(hue), chroma * np.sin(hue)), 0.005, 0.9)


def _lightness(colour: np.ndarray) -> float:
    return 116.0 * np.cbrt(luminance(colour)) - 16.0


def lab_to_linear(lightness: float, redness: float, yellowness: float) -> np.ndarray:
    """Turn CIELAB (L* 0 to 100, a*, b*; D65) into linear sRGB (3,), which may leave 0 to 1."""
    middle = (lightness + 16.0) / 116.0
    cubes = np.array([middle + redness / 500.0, middle, middle - yellowness / 200.0])
    xyz = np.where(cubes > 6 / 29, cubes**3, 3 * (6 / 29) ** 2 * (cubes - 4 / 29)) * D65
    return XYZ_TO_RGB @ xyz


def luminance(colour: np.ndarray) -> float:
    """Return the relative luminance (0 to 1) of linear RGB (3,) by Rec. 709's weights."""
    return float(colour @ np.array([0.2126, 0.7152, 0.0722]))

"""
What does the camera's electronics make of the light? Colours, contrast, blur, noise.

Works on finished pictures with numpy and OpenCV; no geometry changes here, so boxes stay true.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Look:
    """
    Keep how a camera renders a scene; see `random_look` for the ranges.

    `brightness` is the mean that automatic exposure aims at; `cast` are gains of blue, green,
    red; `contrast` 0 is linear, 1 a strong S curve; `veil` is stray light added everywhere;
    sigmas are in pixels or grey levels.
    """

    brightness: float
    gamma: float
    cast: tuple[float, float, float]
    saturation: float
    contrast: float
    veil: float
    blur_sigma: float
    sharpening: float
    bloom: float
    bloom_tint: tuple[float, float, float]
    noise_sigma: float
    colour_noise: float
    noise_grain: float
    shutter_s: float
    vignetting: float


def random_look(rng: np.random.Generator) -> Look:
    """Draw one of two families: punchy older cameras, or darker and noisier newer ones."""
    is_punchy = rng.random() < 0.5
    tint = rng.uniform(0.6, 1.0, 3)
    return Look(
        brightness=float(rng.uniform(0.24, 0.42) if is_punchy else rng.uniform(0.2, 0.4)),
        gamma=float(rng.uniform(0.85, 1.2)),
        cast=tuple(float(v) for v in rng.uniform((0.85, 0.9, 0.85), (1.2, 1.06, 1.15))),
        saturation=float(rng.uniform(0.75, 1.2) if is_punchy else rng.uniform(0.5, 1.0)),
        contrast=float(rng.uniform(0.2, 0.7) if is_punchy else rng.uniform(0.0, 0.4)),
        veil=float(rng.uniform(0.0, 0.03) if is_punchy else rng.uniform(0.02, 0.12)),
        blur_sigma=float(abs(rng.normal(0.0, 0.55))),
        sharpening=float(rng.uniform(0.0, 1.2)),
        bloom=float(rng.uniform(0.2, 1.0)),
        bloom_tint=tuple(float(v) for v in tint / tint.max()),
        noise_sigma=float(rng.uniform(1.0, 5.0) if is_punchy else rng.uniform(1.5, 6.0)),
        colour_noise=float(rng.uniform(0.0, 1.0)),
        noise_grain=float(rng.uniform(0.5, 1.1) if is_punchy else rng.uniform(0.0, 0.6)),
        shutter_s=float(rng.uniform(0.0, 0.03)),
        vignetting=float(rng.uniform(0.0, 0.5)),
    )


class Camera:
    """Turn clean pictures into a camera's; owns the noise of one camera."""

    def __init__(self, look: Look, light: NDArray[np.float32],
                 rng: np.random.Generator) -> None:
        self._look, self._rng = look, rng
        self._light = cv2.merge([_vignette(light, look.vignetting)] * 3)
        self._metered = (light > 0.5).astype(np.uint8)
        self._metered[:light.shape[0] * 11 // 20] = 0
        self._curve = _response_curve(look)
        self._noise = _noise_bank(look, rng, light.shape)

    def expose(self, picture: Picture, smear_px: tuple[float, float]) -> Picture:
        """Return what the camera delivers, uint8 (H, W, 3); `smear_px` is the image's motion."""
        look = self._look
        picture = _smear(picture, smear_px)
        picture = cv2.convertScaleAbs(picture, alpha=self._exposure(picture))
        picture = _bloom(picture, look)
        picture = _saturate(picture, look.saturation)
        picture = cv2.multiply(picture, self._light, dtype=cv2.CV_8U)
        picture = cv2.LUT(picture, self._curve)
        if look.blur_sigma > 0.2:
            picture = cv2.GaussianBlur(picture, (0, 0), look.blur_sigma)
        if look.sharpening > 0.2:
            soft = cv2.GaussianBlur(picture, (0, 0), 1.2)
            picture = cv2.addWeighted(picture, 1 + look.sharpening, soft, -look.sharpening, 0)
        return self._add_noise(picture)

    def _exposure(self, picture: Picture) -> float:
        """Return the gain of automatic exposure, from the ground, as for a robot's camera."""
        mean = float(np.mean(cv2.mean(picture, self._metered)[:3])) / 255
        return float(np.clip(self._look.brightness / max(mean, 1e-3), 0.6, 2.4))

    def _add_noise(self, picture: Picture) -> Picture:
        height, width = picture.shape[:2]
        y = int(self._rng.integers(0, self._noise.shape[0] - height))
        x = int(self._rng.integers(0, self._noise.shape[1] - width))
        window = self._noise[y:y + height, x:x + width]
        return cv2.add(picture, window, dtype=cv2.CV_8U)


def _vignette(light: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    height, width = light.shape
    y, x = np.mgrid[-1:1:height * 1j, -1:1:width * 1j]
    radius = np.hypot(x * width, y * height) / max(height, width)
    return (light * (1 - strength * np.clip(radius, 0, 1) ** 2)).astype(np.float32)


def _response_curve(look: Look) -> Picture:
    level = np.linspace(0, 1, 256)
    channels = []
    for gain in look.cast:
        value = (level * gain) ** look.gamma
        value = np.clip(value, 0, 1)
        curved = value * value * (3 - 2 * value)
        value = value * (1 - look.contrast) + curved * look.contrast
        channels.append(look.veil + (1 - look.veil) * value)
    curve = np.stack(channels, -1)[None]
    return np.clip(curve * 255, 0, 255).round().astype(np.uint8)


def _noise_bank(look: Look, rng: np.random.Generator,
                shape: tuple[int, ...]) -> NDArray[np.int16]:
    size = (shape[0] + 64, shape[1] + 64)
    grey = rng.standard_normal((*size, 1), dtype=np.float32)
    colour = rng.standard_normal((*size, 3), dtype=np.float32)
    noise = grey * (1 - look.colour_noise * 0.6) + colour * look.colour_noise
    if look.noise_grain > 0.3:
        noise = cv2.GaussianBlur(noise, (0, 0), look.noise_grain)
    noise *= look.noise_sigma / noise.std()
    return noise.round().astype(np.int16)


def _smear(picture: Picture, smear_px: tuple[float, float]) -> Picture:
    length = float(np.hypot(*smear_px))
    if length < 1.0:
        return picture
    size = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((size, size), np.float32)
    middle, scale = size // 2, 16
    half = np.array(smear_px) / 2
    begin = np.round((middle - half) * scale).astype(int)
    end = np.round((middle + half) * scale).astype(int)
    cv2.line(kernel, begin.tolist(), end.tolist(), 1.0, 1, cv2.LINE_AA, 4)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def _bloom(picture: Picture, look: Look) -> Picture:
    small = cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    # Float before the blur: halos of 8 bits show rings.
    bright = cv2.subtract(small, (238, 238, 238, 0)).astype(np.float32)
    halo = cv2.GaussianBlur(bright, (0, 0), 2.0)
    halo += 1.2 * cv2.GaussianBlur(bright, (0, 0), 9.0)
    halo *= np.array(look.bloom_tint, np.float32) * look.bloom * 10
    halo = cv2.resize(halo, (picture.shape[1], picture.shape[0]))
    return cv2.add(picture, halo, dtype=cv2.CV_8U)


def _saturate(picture: Picture, saturation: float) -> Picture:
    grey = np.array([[0.114, 0.587, 0.299]] * 3)
    matrix = np.eye(3) * saturation + grey * (1 - saturation)
    return cv2.transform(picture, matrix)

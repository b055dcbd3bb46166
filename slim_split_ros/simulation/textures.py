"""
What do surfaces look like? Draws the hall's textures with numpy and OpenCV.

Every function returns uint8 (H, W, 3) or (H, W, 4), BGR or BGRA, sides powers of two: the renderer
draws nothing on surfaces with other sizes.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from panda3d.core import SamplerState, Texture

Pixels = NDArray[np.uint8]

_WORDS = (
    'Middle Size', 'League', 'ROBOTS', '2019', 'TEAM', 'Open', 'Cup', 'FINAL', 'Tech', 'HALL',
    'Eagles', 'Bolt', '17 July', 'Motion', 'Vision', 'delta', 'NORD', 'Sports', 'GO!',
)
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX)


def make_texture(pixels: Pixels, repeats: bool = True) -> Texture:
    """Hand pixels to the renderer."""
    height, width, channels = pixels.shape
    texture = Texture('surface')
    form = Texture.F_rgba if channels == 4 else Texture.F_rgb
    texture.setup_2d_texture(width, height, Texture.T_unsigned_byte, form)
    texture.set_ram_image(np.ascontiguousarray(pixels[::-1]).tobytes())
    wrap = SamplerState.WM_repeat if repeats else SamplerState.WM_clamp
    texture.set_wrap_u(wrap)
    texture.set_wrap_v(wrap)
    texture.set_minfilter(SamplerState.FT_linear_mipmap_linear)
    texture.set_magfilter(SamplerState.FT_linear)
    return texture


def random_clouds(rng: np.random.Generator, size: int, octaves: int = 5) -> NDArray[np.float32]:
    """Return smooth noise that repeats, float32 (size, size), about 0 with spread 1."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        cells = min(4 * 2**octave, size)
        grid = rng.standard_normal((cells, cells)).astype(np.float32)
        grid = np.pad(grid, 1, mode='wrap')
        step = size // cells
        big = cv2.resize(grid, ((cells + 2) * step, (cells + 2) * step),
                         interpolation=cv2.INTER_CUBIC)
        total += big[step:step + size, step:step + size] / 1.5**octave
    return (total - total.mean()) / total.std()


def grey_texture(rng: np.random.Generator, size: int, contrast: float) -> Pixels:
    """Return a bright grey texture of clouds, to multiply colours with."""
    grey = 225 + random_clouds(rng, size) * contrast * 255
    return cv2.merge([np.clip(grey, 0, 255).astype(np.uint8)] * 3)


def carpet_texture(rng: np.random.Generator) -> Pixels:
    """Return a worn carpet: fibres, stains and the black arcs that wheels leave."""
    size = 512
    wear = float(rng.uniform(0.01, 0.05))
    grey = 1 + random_clouds(rng, size, 7) * wear
    grey += rng.standard_normal((size, size)).astype(np.float32) * 0.03
    marks = np.zeros((size, size), np.uint8)
    for _ in range(int(rng.integers(0, 90))):
        centre = tuple(int(v) for v in rng.integers(0, size, 2))
        radius = int(rng.integers(3, 40))
        begin = float(rng.uniform(0, 360))
        cv2.ellipse(marks, centre, (radius, max(2, radius // int(rng.integers(1, 4)))), begin, 0,
                    float(rng.uniform(20, 200)), int(rng.integers(15, 75)), 1, cv2.LINE_AA)
    grey *= 1 - cv2.GaussianBlur(marks, (0, 0), 0.8).astype(np.float32) / 255
    return cv2.merge([np.clip(grey * 235, 0, 255).astype(np.uint8)] * 3)


def wall_texture(rng: np.random.Generator) -> Pixels:
    """Return one of: corrugated sheet, bricks, large blocks, curtains, plain plaster."""
    size = 256
    kind = rng.integers(0, 5)
    rows, columns = np.mgrid[0:size, 0:size]
    grey = np.full((size, size), 0.9, np.float32)
    if kind == 0:
        across = rows if rng.random() < 0.5 else columns
        grey -= (0.25 * (np.sin(across * 2 * np.pi / 16) > 0.3)).astype(np.float32)
    elif kind == 1:
        shifted = columns + 16 * ((rows // 16) % 2)
        grey -= (0.35 * ((rows % 16 < 2) | (shifted % 32 < 2))).astype(np.float32)
    elif kind == 2:
        blocks = rng.uniform(0.35, 1.0, (16, 4)).astype(np.float32)
        grey = cv2.resize(blocks, (size, size), interpolation=cv2.INTER_NEAREST)
    elif kind == 3:
        phase = np.cumsum(rng.uniform(0.1, 0.5, size))
        grey += (0.3 * np.sin(phase)[None, :]).astype(np.float32) - 0.2
    grey += random_clouds(rng, size) * 0.05
    return cv2.merge([np.clip(grey * 255, 0, 255).astype(np.uint8)] * 3)


def poster_texture(rng: np.random.Generator, width: int = 256, height: int = 128) -> Pixels:
    """Return a banner: a ground colour, shapes, words."""
    ground = _bright_colour(rng)
    image = np.full((height, width, 3), ground, np.uint8)
    for _ in range(int(rng.integers(0, 5))):
        corner = rng.integers(0, (width, height))
        size = rng.integers(8, (width // 2, height // 2))
        cv2.rectangle(image, corner.tolist(), (corner + size).tolist(), _bright_colour(rng), -1)
    if rng.random() < 0.4:
        cv2.circle(image, rng.integers(0, (width, height)).tolist(), int(rng.integers(10, 50)),
                   _bright_colour(rng), -1, cv2.LINE_AA)
    ink = (250, 250, 250) if sum(ground) < 380 else (60, 30, 20)
    for _ in range(int(rng.integers(1, 4))):
        word = _WORDS[int(rng.integers(len(_WORDS)))]
        place = (int(rng.integers(2, width // 3)), int(rng.integers(height // 4, height)))
        cv2.putText(image, word, place, _FONTS[int(rng.integers(3))],
                    float(rng.uniform(0.6, 2.0)), ink, int(rng.integers(1, 5)), cv2.LINE_AA)
    return image


def number_texture(rng: np.random.Generator, colour_bgr: tuple[int, int, int]) -> Pixels:
    """Return a player's number on its team's colour."""
    image = np.full((64, 64, 3), colour_bgr, np.uint8)
    ink = (15, 15, 15) if sum(colour_bgr) > 250 else (230, 230, 230)
    cv2.putText(image, str(int(rng.integers(1, 10))), (14, 54), cv2.FONT_HERSHEY_DUPLEX, 2.0, ink,
                6, cv2.LINE_AA)
    return image


def crowd_texture(rng: np.random.Generator) -> Pixels:
    """Return seated spectators in rows, BGRA (256, 512), clear where nobody is."""
    image = np.zeros((256, 512, 4), np.uint8)
    dark = rng.uniform(0.3, 0.9)
    empty = rng.uniform(0.0, 0.4)
    for base in range(95, 256, 40):
        seats = tuple(int(v * dark) for v in _bright_colour(rng))
        cv2.rectangle(image, (0, base), (512, base + 40), (*seats, 255), -1)
        for x in range(0, 512, 20):
            if rng.random() < empty:
                continue
            x += int(rng.integers(-5, 6))
            top = base - int(rng.integers(8, 22))
            shirt = tuple(int(v * dark) for v in _shirt_colour(rng))
            skin = tuple(int(v * dark) for v in np.array([150, 175, 225]) * rng.uniform(0.4, 1))
            cv2.ellipse(image, (x, top + 32), (11, 24), 0, 0, 360, (*shirt, 255), -1)
            cv2.ellipse(image, (x, top), (6, 8), 0, 0, 360, (*skin, 255), -1)
            hair = tuple(int(v) for v in np.array([20, 30, 45]) * rng.uniform(0.3, 2.5))
            cv2.ellipse(image, (x, top - 4), (7, 6), 0, 180, 360, (*hair, 255), -1)
    return image


def net_texture(rng: np.random.Generator) -> Pixels:
    """Return a white net, BGRA (128, 128), clear between its cords."""
    image = np.zeros((128, 128, 4), np.uint8)
    image[..., :3] = 235
    step = int(rng.choice([8, 16, 32]))
    for k in range(0, 128, step):
        image[:, k:k + 2, 3] = 190
        image[k:k + 2, :, 3] = 190
    return image


def ball_texture(rng: np.random.Generator, colour_bgr: NDArray[np.float64]) -> Pixels:
    """Return a ball's panels, worn and printed."""
    image = np.full((64, 128, 3), np.clip(colour_bgr * 255, 0, 255), np.uint8)
    seam = tuple(int(v) for v in np.clip(colour_bgr * 255 * rng.uniform(0.5, 0.9), 0, 255))
    for k in range(8):
        centre = (k * 16 + 8 * (k % 2), 12 + 18 * (k % 3))
        cv2.polylines(image, [_pentagon(centre, 9)], True, seam, 1, cv2.LINE_AA)
    if rng.random() < 0.6:
        place = (int(rng.integers(10, 70)), int(rng.integers(25, 45)))
        cv2.putText(image, 'match', place, cv2.FONT_HERSHEY_DUPLEX, 0.5, (30, 30, 30), 1,
                    cv2.LINE_AA)
    if rng.random() < 0.25:
        cv2.fillPoly(image, [_pentagon((32, 32), 12), _pentagon((96, 30), 12)], (30, 30, 40))
    shade = 1 + random_clouds(rng, 128)[:64] * 0.06
    return np.clip(image * shade[..., None], 0, 255).astype(np.uint8)


def shadow_texture() -> Pixels:
    """Return a soft round shadow, BGRA (64, 64)."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    image = np.zeros((64, 64, 4), np.uint8)
    image[..., 3] = np.clip(1 - np.hypot(x, y), 0, 1) ** 0.8 * 255
    return image


def _shirt_colour(rng: np.random.Generator) -> NDArray[np.float64]:
    grey = rng.choice([20, 45, 80, 200], p=[0.4, 0.25, 0.15, 0.2])
    return np.clip(grey + rng.normal(0, 25, 3) * (1 + 2 * (rng.random() < 0.2)), 0, 255)


def _pentagon(centre: tuple[int, int], radius: int) -> NDArray[np.int32]:
    angles = np.arange(5) * 2 * np.pi / 5
    corners = np.stack([np.cos(angles), np.sin(angles)], -1) * radius + centre
    return corners.astype(np.int32)


def _bright_colour(rng: np.random.Generator) -> tuple[int, int, int]:
    hsv = np.array([[[rng.integers(0, 180), rng.integers(0, 230), rng.integers(40, 255)]]],
                   np.uint8)
    return tuple(int(v) for v in cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0])

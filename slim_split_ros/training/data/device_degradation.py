"""
What cameras and codecs do to a whole batch: `augmentation.degrade`, with tensors on a GPU.

Colour, exposure, blur, noise and compression, each drawn for each picture.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from slim_split_ros.networks.transform import COLOURS

BLUR_SIDE = 7
BLOCK = 8
# Steps of JPEG's coefficients at quality 50. Source: ITU-T T.81, tables K.1 and K.2.
LUMA_STEPS = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99)
CHROMA_STEPS = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *(99 for _ in range(32)))


def degrade_batch(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Vary pictures float32 (N, 3, H, W), BGR of 0 to 255; return them as uint8."""
    count, device = len(images), images.device
    images = _tone(_colour(images, rng), rng)
    blurred = np.flatnonzero(rng.random(count) < 0.1)
    if len(blurred):
        rows = torch.from_numpy(blurred).to(device)
        images[rows] = _blur(images[rows], rng.uniform(0.5, 1.5, len(rows)))
    deviations = rng.uniform(2.0, 12.0, count) * (rng.random(count) < 0.25)
    generator = torch.Generator(device).manual_seed(int(rng.integers(2 ** 31)))
    noise = torch.randn(images.shape, generator=generator, device=device)
    images = (images + noise * _each(deviations, images)).clamp(0, 255)
    compressed = np.flatnonzero(rng.random(count) < 0.2)
    if len(compressed):
        rows = torch.from_numpy(compressed).to(device)
        images[rows] = compress(images[rows], rng.integers(10, 80, len(rows)))
    return images.round().to(torch.uint8)


def compress(images: Tensor, qualities: np.ndarray) -> Tensor:
    """
    Return what JPEG leaves of pictures (N, 3, H, W) of 0 to 255, at qualities (N,) of 1 to 100.

    Colour differences at half the resolution, as cameras' encoders do by default.
    """
    scales = np.where(qualities < 50, 5000 / qualities, 200 - 2 * qualities) / 100
    colours = torch.tensor(COLOURS, device=images.device)
    mixed = torch.einsum('kc,nchw->nkhw', colours, images - 128.0)
    luma = _quantize_blocks(mixed[:, :1], LUMA_STEPS, scales)
    halved = functional.avg_pool2d(mixed[:, 1:], 2, ceil_mode=True)
    chroma = functional.interpolate(
        _quantize_blocks(halved, CHROMA_STEPS, scales), scale_factor=2.0)
    chroma = chroma[..., :images.shape[2], :images.shape[3]]
    unmixed = torch.linalg.inv(colours)
    mixed = torch.einsum('ck,nkhw->nchw', unmixed, torch.cat([luma, chroma], dim=1))
    return (mixed + 128.0).clamp(0, 255)


def _quantize_blocks(planes: Tensor, steps: tuple[int, ...], scales: np.ndarray) -> Tensor:
    """Round the DCT of blocks of planes (N, C, H, W) to multiples of steps times scales (N,)."""
    count, channels, height, width = planes.shape
    padded = functional.pad(planes, (0, -width % BLOCK, 0, -height % BLOCK), mode='replicate')
    rows, columns = (side // BLOCK for side in padded.shape[2:])
    blocks = padded.reshape(count, channels, rows, BLOCK, columns, BLOCK)
    wave = _cosines(planes.device)
    table = torch.tensor(steps, device=planes.device).reshape(BLOCK, 1, BLOCK)
    step = (table * _each(scales, planes)[..., None, None]).round().clamp_min(1.0)
    waves = torch.einsum('ui,ncriej,vj->ncruev', wave, blocks, wave)
    waves = (waves / step).round() * step
    blocks = torch.einsum('ui,ncruev,vj->ncriej', wave, waves, wave)
    return blocks.reshape(padded.shape)[..., :height, :width]


def _cosines(device: torch.device) -> Tensor:
    """Return the rows of an orthonormal DCT of 8 values."""
    positions = (torch.arange(BLOCK, device=device) + 0.5) * math.pi / BLOCK
    wave = torch.cos(torch.arange(BLOCK, device=device)[:, None] * positions) * 0.5
    wave[0] = math.sqrt(1 / BLOCK)
    return wave


def _colour(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Turn hues by up to 12 degrees and scale saturations, in half of the pictures."""
    count = len(images)
    varied = rng.random(count) < 0.5
    turns = np.where(varied, rng.uniform(-1.0, 1.0, count) * math.pi / 15, 0.0)
    saturations = np.where(varied, rng.uniform(0.4, 1.5, count), 1.0)
    turned = np.zeros((count, 3, 3))
    turned[:, 0, 0] = 1.0
    turned[:, 1, 1] = turned[:, 2, 2] = saturations * np.cos(turns)
    turned[:, 2, 1] = saturations * np.sin(turns)
    turned[:, 1, 2] = -turned[:, 2, 1]
    colours = np.array(COLOURS)
    matrices = np.linalg.inv(colours) @ turned @ colours
    matrices = torch.from_numpy(matrices).float().to(images.device)
    return torch.einsum('nkc,nchw->nkhw', matrices, images).clamp(0, 255)


def _tone(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Apply a gamma, gains of all and of each colour, and an offset."""
    count = len(images)
    gammas = np.exp(rng.normal(0.0, 0.25, count))
    gains = np.exp(rng.normal(0.0, 0.2, (count, 1)) + rng.normal(0.0, 0.06, (count, 3)))
    offsets = rng.normal(0.0, 8.0, count)
    gains = torch.from_numpy(gains).float().to(images.device)[..., None, None]
    values = (images / 255.0).pow(_each(gammas, images)) * gains * 255.0
    return (values + _each(offsets, images)).clamp(0, 255)


def _blur(images: Tensor, deviations: np.ndarray) -> Tensor:
    """Blur each picture (N, 3, H, W) by a Gaussian of its own deviation, in pixels."""
    offsets = torch.arange(BLUR_SIDE, device=images.device) - BLUR_SIDE // 2
    kernels = torch.exp(-0.5 * (offsets / _each(deviations, images)[:, 0, 0]) ** 2)  # N, side
    kernels = (kernels / kernels.sum(1, keepdim=True)).repeat_interleave(3, dim=0)[:, None]
    planes = images.reshape(1, -1, *images.shape[2:])
    margin = BLUR_SIDE // 2
    planes = functional.pad(planes, (margin,) * 4, mode='replicate')
    planes = functional.conv2d(planes, kernels[:, :, None], groups=planes.shape[1])
    planes = functional.conv2d(planes, kernels[..., None], groups=planes.shape[1])
    return planes.reshape(images.shape)


def _each(values: np.ndarray, images: Tensor) -> Tensor:
    """Return one number a picture (N,) as a tensor (N, 1, 1, 1) beside them."""
    return torch.from_numpy(np.asarray(values)).float().to(images.device)[:, None, None, None]

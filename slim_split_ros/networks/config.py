"""The sizes of a model, as one checked value that training, export and both nodes share."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

INPUT_MULTIPLE = 32  # stride of the detector's coarsest level
LATENT_STRIDE = 16
# Of the numbers here: memory is taken for the products of some.
LARGEST = 4_096
WIDEST_BACKBONE = 4.0
MEANS = 3  # of a block, one a colour: the leading coefficients


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Hold everything that the shapes of the tensors follow from."""

    classes: tuple[str, ...]
    input_long_side: int = 416
    widths: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
    encoder_channels: int = 64  # multiples of 16 per width: kernels run in blocks of 16
    patch_row_steps: tuple[int, ...] = (2, 1, 1, 1)  # a width reads every n-th row of pixels
    coefficient_channels: int = 192  # of the transform
    coefficient_shares: tuple[float, ...] = (1 / 6, 0.5, 0.75, 1.0)  # of them, one a width
    coefficient_gains: tuple[float, ...] = (19.0, 23.0, 27.5, 34.0)  # one a width
    mean_gain: float = 0.4  # of a block's means, in cells of every level
    # Of the coefficients' gains, at each rate of each width: the default, coarser, finer ones.
    rate_gains: tuple[tuple[float, ...], ...] = (
        (1.0, 0.6, 0.36, 0.28, 0.216, 1.6),
        (1.0, 0.6, 0.36, 0.216, 1.6, 2.6),
        (1.6, 1.0, 0.6, 0.36, 0.216, 2.6),
        (2.6, 1.6, 1.0, 0.6, 0.36, 0.216))
    level_gains: tuple[float, ...] = (0.25, 0.55, 1.8)  # of the others, in cells of each level
    # Of the coefficients times width: sent there, unless the width has fewer.
    level_shares: tuple[float, ...] = (0.125, 0.4167, 1.0)
    level_thresholds: tuple[float, ...] = (0.25, 0.25)  # chances above which a level is taken
    restorer_channels: tuple[int, int] = (48, 96)  # of the decoder, at strides 4 and 8
    # A frame is repaired whose gain at level 1, times the share of coefficients it sends, is less.
    repaired_gain: float = 7.0
    backbone_width: float = 1.0  # share of EfficientNet-Lite0's channels
    neck_channels: tuple[int, int, int] = (64, 96, 128)  # at strides 8, 16 and 32
    head_channels: int = 64

    def __post_init__(self) -> None:
        """Refuse sizes that no network can be built from."""
        if not self.classes:
            raise ValueError('classes is empty: a detector needs at least one')
        if not all(isinstance(name, str) for name in self.classes):
            raise ValueError(f'classes {self.classes!r:.60} must be names')
        for field in fields(self):
            if field.name != 'classes' and not _is_like(getattr(self, field.name), field.default):
                raise ValueError(
                    f'{field.name} is {getattr(self, field.name)!r:.60}, must be like '
                    f'{field.default!r:.60}, with numbers above 0 and at most {LARGEST}')
        if self.backbone_width > WIDEST_BACKBONE:
            raise ValueError(
                f'backbone_width is {self.backbone_width}, must be at most {WIDEST_BACKBONE}')
        if self.input_long_side % INPUT_MULTIPLE:
            raise ValueError(
                f'input_long_side {self.input_long_side} is not a multiple of {INPUT_MULTIPLE}')
        self._check_widths()
        sizes = (len(self.level_gains), len(self.level_shares), len(self.level_thresholds) + 1)
        if len(set(sizes)) > 1:
            raise ValueError(
                f'level_gains, level_shares and level_thresholds describe {sizes[0]}, {sizes[1]} '
                f'and {sizes[2]} levels, must be as many')

    def _check_widths(self) -> None:
        if list(self.widths) != sorted(self.widths) or self.widths[-1] != 1.0:
            raise ValueError(f'widths {self.widths} must rise and end at 1.0')
        for width in self.widths:
            if (self.encoder_channels * width) % 1:
                raise ValueError(f'width {width} does not give whole channels')
        shares = self.coefficient_shares
        if list(shares) != sorted(shares) or shares[-1] != 1.0 or len(shares) != len(self.widths):
            raise ValueError(
                f'coefficient_shares {shares} must hold one of each width, rise and end at 1.0')
        if self.coefficients(self.widths[0]) < MEANS:
            raise ValueError(
                f'coefficient_channels {self.coefficient_channels} leaves width {self.widths[0]} '
                f'less than the {MEANS} means of a block')
        for name in ('coefficient_gains', 'patch_row_steps'):
            if len(getattr(self, name)) != len(self.widths):
                raise ValueError(f'{name} {getattr(self, name)} must hold one of each width')
        if len(self.rate_gains) != len(self.widths) or len(set(map(len, self.rate_gains))) != 1:
            raise ValueError(
                f'rate_gains {self.rate_gains} must hold a row of each width, all as long')

    def channels(self, width: float) -> int:
        """Return the base channels of the encoder at `width`."""
        return int(self.encoder_channels * width)

    def coefficients(self, width: float) -> int:
        """Return the transform's coefficients that `width` sends."""
        return round(self.coefficient_channels * self.coefficient_shares[self.widths.index(width)])

    def latents(self, width: float) -> int:
        """Return the latent channels that `width` sends: the levels of cells come first."""
        return 1 + self.coefficients(width)

    @property
    def rates(self) -> int:
        """Rates of every width."""
        return len(self.rate_gains[0])

    @property
    def latent_channels(self) -> int:
        """Latent channels of the full width."""
        return self.latents(1.0)

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, object]) -> ModelConfig:
        """Build from what `to_dict` gave, after JSON turned tuples into lists."""
        return cls(**{name: _to_tuples(value) for name, value in data.items()})


def _is_like(value: object, default: object) -> bool:
    """Tell whether plain data nests as the default does, in any length, with numbers in range."""
    if isinstance(default, tuple):
        return isinstance(value, tuple) and bool(value) and all(
            _is_like(item, default[0]) for item in value)
    kinds = (int,) if isinstance(default, int) else (int, float)
    return type(value) in kinds and 0 < value <= LARGEST


def _to_tuples(value: object) -> object:
    return tuple(map(_to_tuples, value)) if isinstance(value, list) else value

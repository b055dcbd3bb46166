"""
How does a scene become pixels? Starts the software renderer and reads pictures back.

Knows nothing of what the scene shows. One engine is global to the process: use one process per
parallel simulator.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from panda3d.core import (
    AntialiasAttrib,
    BitMask32,
    Camera,
    ColorAttrib,
    ColorScaleAttrib,
    FrameBufferProperties,
    GraphicsEngine,
    GraphicsOutput,
    GraphicsPipe,
    GraphicsPipeSelection,
    LightAttrib,
    NodePath,
    PerspectiveLens,
    RenderState,
    Texture,
    TextureAttrib,
    TransparencyAttrib,
    WindowProperties,
    load_prc_file_data,
)

from .errors import RendererError
from .lens import Face
from .meshes import Mesh

# Which cameras draw a node: pictures, identities of what is visible, identities of what would be.
PICTURE = BitMask32.bit(0)
VISIBLE = BitMask32.bit(1)
ALONE = BitMask32.bit(2)

IDENTITY_TAG = 'identity'
LARGEST_IDENTITY = 254

_NEAR_M, _FAR_M = 0.06, 90.0
_OVERRIDE = 100
_SETTINGS = """
load-display p3tinydisplay
window-type offscreen
audio-library-name null
garbage-collect-states 0
notify-level error
"""


class Renderer:
    """
    Render a scene into two stacked flat pictures, in colour or in identities.

    The pictures of one renderer have one size; its cameras visit a scene for one call and leave.
    """

    def __init__(self, face_width: int, face_height: int) -> None:
        self.face_width, self.face_height = face_width, face_height
        self._rig = NodePath('rig')
        self._colour = _Output(face_width, face_height, self._rig, 'colour')
        self._identity = _Output(face_width, face_height, self._rig, 'identity')
        for camera in self._identity.cameras:
            _draw_identities(camera)

    def aim(self, scene: NodePath, position: tuple[float, float, float], angles_deg:
            tuple[float, float, float], faces: tuple[Face, Face]) -> None:
        """Put the cameras into a scene: position in metres; heading, pitch and roll."""
        self._rig.reparent_to(scene)
        self._rig.set_pos(*position)
        self._rig.set_hpr(*angles_deg)
        self._colour.set_faces(faces)
        self._identity.set_faces(faces)

    def leave(self) -> None:
        """Take the cameras out of the scene, so that nothing here keeps it alive."""
        self._rig.detach_node()

    def render_colour(self) -> NDArray[np.uint8]:
        """Return the picture, uint8 (2 * face height, face width, 3), BGR, the caller's own."""
        pixels = self._render(self._colour, PICTURE)
        return cv2.flip(cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR), 0)

    def render_identities(self, mask: BitMask32) -> NDArray[np.uint8]:
        """Return identities, uint8 (2 * face height, face width), 0 where no object is."""
        return cv2.flip(cv2.extractChannel(self._render(self._identity, mask), 2), 0)

    def close(self) -> None:
        """Free the buffers."""
        for output in (self._colour, self._identity):
            output.close()

    def _render(self, output: '_Output', mask: BitMask32) -> NDArray[np.uint8]:
        """Return the renderer's own pixels, BGRA, bottom row first, until the next frame."""
        for camera in output.cameras:
            camera.set_camera_mask(mask)
        output.buffer.set_active(True)
        start_engine().render_frame()
        output.buffer.set_active(False)
        pixels = np.frombuffer(output.texture.get_ram_image(), np.uint8)
        return pixels.reshape(2 * self.face_height, self.face_width, 4)


class _Output:
    """Own one offscreen buffer whose upper and lower halves show two cameras."""

    def __init__(self, face_width: int, face_height: int, rig: NodePath, name: str) -> None:
        self.buffer = _open_buffer(face_width, 2 * face_height, name)
        self.texture = Texture(name)
        self.buffer.add_render_texture(self.texture, GraphicsOutput.RTM_copy_ram)
        self.buffer.set_clear_color((0, 0, 0, 1))
        self.buffer.set_active(False)
        self.cameras: list[Camera] = []
        self._paths: list[NodePath] = []
        for bottom in (0.5, 0.0):
            camera = Camera(name, PerspectiveLens())
            camera.get_lens().set_near_far(_NEAR_M, _FAR_M)
            path = rig.attach_new_node(camera)
            region = self.buffer.make_display_region(0, 1, bottom, bottom + 0.5)
            region.set_camera(path)
            self.cameras.append(camera)
            self._paths.append(path)

    def set_faces(self, faces: tuple[Face, Face]) -> None:
        for camera, path, face in zip(self.cameras, self._paths, faces, strict=True):
            camera.get_lens().set_film_size(2 * face.half_width, 2 * face.half_height)
            camera.get_lens().set_focal_length(1.0)
            path.set_hpr(face.heading_deg, face.pitch_deg, 0)

    def close(self) -> None:
        start_engine().remove_window(self.buffer)


@lru_cache(maxsize=1)
def start_engine() -> GraphicsEngine:
    """Start the process's one engine (settings are read once, before it)."""
    load_prc_file_data('slim_split_ros.simulation', _SETTINGS)
    return GraphicsEngine.get_global_ptr()


_open_renderers: dict[tuple[int, int], Renderer] = {}
_LARGEST_COUNT = 2


def borrow_renderer(face_width: int, face_height: int) -> Renderer:
    """Return the process's renderer of this size; at most two sizes are kept open."""
    key = (face_width, face_height)
    if key not in _open_renderers:
        while len(_open_renderers) >= _LARGEST_COUNT:
            _open_renderers.pop(next(iter(_open_renderers))).close()
        _open_renderers[key] = Renderer(face_width, face_height)
        _check_identities(_open_renderers[key])
    return _open_renderers[key]


def _open_buffer(width: int, height: int, name: str) -> GraphicsOutput:
    engine = start_engine()
    # By name: the default pipe of this display complains that there is no screen.
    pipe = GraphicsPipeSelection.get_global_ptr().make_pipe(
        'TinyOffscreenGraphicsPipe', 'p3tinydisplay'
    )
    if pipe is None:
        raise RendererError(
            'the software renderer p3tinydisplay of panda3d does not load; reinstall panda3d'
        )
    properties = FrameBufferProperties()
    properties.set_rgba_bits(8, 8, 8, 8)
    properties.set_depth_bits(24)
    buffer = engine.make_output(
        pipe, name, 0, properties, WindowProperties.size(width, height),
        GraphicsPipe.BF_refuse_window,
    )
    if buffer is None:
        raise RendererError(
            f'the software renderer cannot open a buffer of {width} x {height} pixels'
        )
    return buffer


def _draw_identities(camera: Camera) -> None:
    """Let a camera see every object in one flat colour and everything else in black."""
    state = RenderState.make_empty()
    for attribute in (
        ColorAttrib.make_flat((0, 0, 0, 1)),
        TextureAttrib.make_all_off(),
        LightAttrib.make_all_off(),
        ColorScaleAttrib.make_off(),
        TransparencyAttrib.make(TransparencyAttrib.M_none),
        AntialiasAttrib.make(AntialiasAttrib.M_none),
    ):
        state = state.add_attrib(attribute, _OVERRIDE)
    camera.set_initial_state(state)
    camera.set_tag_state_key(IDENTITY_TAG)
    for identity in range(1, LARGEST_IDENTITY + 1):
        # Half a step up: with v/255 this renderer returns v - 1 for a quarter of the values.
        colour = ColorAttrib.make_flat(((identity + 0.5) / 256, 0, 0, 1))
        camera.set_tag_state(
            str(identity), RenderState.make_empty().add_attrib(colour, _OVERRIDE + 1)
        )


def _check_identities(renderer: Renderer) -> None:
    """Render every identity once: a silent shift by one would merge objects and background."""
    scene = NodePath('check')
    row = 16
    for identity in range(1, LARGEST_IDENTITY + 1):
        x, z = (identity % row - row / 2) / row, (identity // row - row / 2) / row
        mesh = Mesh()
        mesh.add_box((0, 0, 0), (0.05, 0.01, 0.05), (1, 1, 1))
        node = mesh.attach_to(scene, 'square')
        node.set_pos(x, 1, z)
        node.set_tag(IDENTITY_TAG, str(identity))
    face = Face(0, 0, 0.7, 0.7)
    renderer.aim(scene, (0, 0, 0), (0, 0, 0), (face, face))
    returned = set(np.unique(renderer.render_identities(VISIBLE)).tolist())
    renderer.leave()
    if returned != set(range(LARGEST_IDENTITY + 1)):
        lost = sorted(set(range(LARGEST_IDENTITY + 1)) - returned)
        raise RendererError(
            f'the renderer does not return identity colours {lost}; this panda3d build differs '
            'from 1.10.16: install that version'
        )

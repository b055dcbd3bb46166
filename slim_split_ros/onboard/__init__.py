"""The robot's side: image messages to pixels to payloads, without torch and without ROS."""

from slim_split_ros.onboard.answers import AnswerBook, AnswerDrop, Expected
from slim_split_ros.onboard.compressed import decode_image
from slim_split_ros.onboard.encoder import Encoded, FrameEncoder
from slim_split_ros.onboard.errors import (
    EncoderError,
    EncodingError,
    ImageError,
    OnboardError,
)
from slim_split_ros.onboard.letterbox import letterbox
from slim_split_ros.onboard.pacing import Pacer
from slim_split_ros.onboard.pixels import PixelView, view_image
from slim_split_ros.onboard.reply_guard import ReplyGuard
from slim_split_ros.onboard.sender import CameraImage, Dropped, Held, Sender, Sent, image_age_s

__all__ = [
    'AnswerBook',
    'AnswerDrop',
    'CameraImage',
    'Dropped',
    'Encoded',
    'EncoderError',
    'EncodingError',
    'Expected',
    'FrameEncoder',
    'Held',
    'ImageError',
    'OnboardError',
    'Pacer',
    'PixelView',
    'ReplyGuard',
    'Sender',
    'Sent',
    'decode_image',
    'image_age_s',
    'letterbox',
    'view_image',
]

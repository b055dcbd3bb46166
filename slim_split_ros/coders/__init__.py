"""Pictures and maps to payloads, and back: stock video behind the map, PyAV where it is there."""

from slim_split_ros.coders.availability import why_no_video_decoding, why_no_video_encoding
from slim_split_ros.coders.errors import (
    CoderError,
    CoderMissingError,
    MissingReferenceError,
    StreamError,
    VideoEncodingError,
)
from slim_split_ros.coders.step_smoother import StepSmoother
from slim_split_ros.coders.video_decoder import VideoDecoder, check_video_payload
from slim_split_ros.coders.video_encoder import EncodedVideo, VideoEncoder
from slim_split_ros.wire.video_settings import CodedSize, VideoSettings

__all__ = [
    'CodedSize',
    'CoderError',
    'CoderMissingError',
    'EncodedVideo',
    'MissingReferenceError',
    'StepSmoother',
    'StreamError',
    'VideoDecoder',
    'VideoEncoder',
    'VideoEncodingError',
    'VideoSettings',
    'check_video_payload',
    'why_no_video_decoding',
    'why_no_video_encoding',
]

import pytest

from slim_split_ros.wire.message_size import encoded_frame_bytes, link_report_bytes


def test_a_byte_of_payload_costs_a_byte():
    assert encoded_frame_bytes('camera', 1001) == encoded_frame_bytes('camera', 1000) + 1


@pytest.mark.ros
@pytest.mark.parametrize('frame_id', ['', 'cam', 'came', 'camer', 'camera_link_1', 'kamera_süd'])
@pytest.mark.parametrize('payload_bytes', [0, 1, 3, 1000])
def test_it_is_what_the_middleware_is_handed(frame_id, payload_bytes):
    from rclpy.serialization import serialize_message

    from slim_split_ros.msg import EncodedFrame

    message = EncodedFrame()
    message.header.frame_id = frame_id
    message.payload = bytes(payload_bytes)

    assert encoded_frame_bytes(frame_id, payload_bytes) == len(serialize_message(message))


@pytest.mark.ros
@pytest.mark.parametrize('tag_bytes', [0, 12])
@pytest.mark.parametrize('arrivals', [0, 1, 2, 32])
def test_a_report_has_as_many_bytes_as_are_counted(arrivals, tag_bytes):
    from rclpy.serialization import serialize_message

    from slim_split_ros.msg import LinkReport

    message = LinkReport(
        sequence=[1] * arrivals, arrival_s=[1.0] * arrivals, bytes=[1] * arrivals,
        server_ms=[1.0] * arrivals, tag=bytes(tag_bytes))

    assert link_report_bytes(arrivals, tag_bytes) == len(serialize_message(message))

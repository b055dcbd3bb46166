"""What the offboard node publishes for one robot: answers, detections, reports, pictures."""

from collections.abc import Sequence

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from std_msgs.msg import Header
from vision_msgs.msg import Detection2DArray, LabelInfo

from slim_split_ros.msg import Answer, LinkReport
from slim_split_ros.offboard import FrameGuard, Report, Served
from slim_split_ros.ros.topics.answers import answer_message
from slim_split_ros.ros.topics.messages import (
    DetectionWriter,
    camera_header,
    label_info,
    report_message,
)
from slim_split_ros.ros.topics.namespaces import topic_of
from slim_split_ros.ros.topics.picture_topics import PictureTopics
from slim_split_ros.ros.topics.qos import LATCHED, RELIABLE, SENSOR_DATA, TopicOptions
from slim_split_ros.wire import FrameHeader
from slim_split_ros.wire.answer import pack_answer, seal_names
from slim_split_ros.wire.message_size import answer_bytes, link_report_bytes


class RobotTopics:
    """Publish to one robot, in its namespace, under the names of a server of its own."""

    def __init__(
        self, node: Node, robot: str, classes: Sequence[str], options: TopicOptions,
        guard: FrameGuard,
    ) -> None:
        self._node, self._robot, self._options = node, robot, options
        self._guard = guard
        self._classes = tuple(classes)
        self._writer = DetectionWriter(classes)
        self._class_names = seal_names(classes)
        self._detections = self._topic(Detection2DArray, 'detections', RELIABLE)
        self._answers = self._topic(Answer, 'answer', SENSOR_DATA)
        self._labels = self._topic(LabelInfo, 'label_info', LATCHED)
        self._reports = self._topic(LinkReport, 'link_report', SENSOR_DATA)
        self._pictures = PictureTopics(node, robot, options)

    @property
    def want_pictures(self) -> bool:
        """Whether somebody listens to anything that is made of this robot's pictures."""
        return self._pictures.are_wanted

    def listen(self) -> None:
        """Hear of the robot's cameras from now on."""
        self._pictures.listen()

    def rest(self) -> None:
        """Hear of nothing."""
        self._pictures.rest()

    def publish_answer(self, served: Served, fields: FrameHeader) -> int:
        """Publish what was detected in a frame, and return the bytes of the answer to it."""
        found = served.detections
        answer = answer_message(pack_answer(
            fields, found.boxes, found.scores, found.labels, self._class_names))
        answer.tag = self._guard.tag_answer(answer)
        self._answers.publish(answer)
        # Never for the robot's sake, which has the answer: 8.8 kB for 20 boxes.
        if self._detections.get_subscription_count():
            self._detections.publish(self._writer.write(
                found.boxes, found.scores, found.labels, camera_header(fields)))
        return answer_bytes(len(found), len(answer.tag))

    def publish_pictures(self, served: Served, fields: FrameHeader) -> None:
        """Publish the pictures that somebody listens to."""
        self._pictures.publish(served, camera_header(fields), fields.geometry, self._classes)

    def publish_report(self, report: Report) -> int:
        """Publish a report of arrivals, and return its bytes."""
        message = report_message(report, self._node.get_clock().now().nanoseconds)
        message.tag = self._guard.tag_report(message)
        self._reports.publish(message)
        return link_report_bytes(len(report.arrivals), len(message.tag))

    def publish_labels(self, threshold: float) -> None:
        """Publish what the labels mean."""
        header = Header(stamp=self._node.get_clock().now().to_msg())
        self._labels.publish(label_info(self._classes, header, threshold))

    def _topic(self, kind: type, name: str, qos: QoSProfile) -> Publisher:
        return self._node.create_publisher(
            kind, topic_of(self._robot, name, self._node.get_name()), **self._options(qos))

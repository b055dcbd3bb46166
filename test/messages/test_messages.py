"""Are the messages built as described, and understood by the public vision_msgs?"""

from __future__ import annotations

import json
from pathlib import Path
import re

import pytest

# Type hashes of the public vision_msgs 4.1.1: equal hashes are what lets nodes talk.
PUBLIC_HASHES = {
    'Detection2DArray':
        'RIHS01_214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968',
    'LabelInfo':
        'RIHS01_3d37df4015cdf660cc851c51897f2acd957e1ca6205ba0a99aebffb9406b0783',
}
MESSAGES = ('EncodedFrame', 'LinkReport', 'EncoderStatus')
FIELD = re.compile(r'^[A-Za-z][\w/]*(\[\d*\])? [a-z]\w*$')
UNITS = ('pixels', 'milliseconds', 'seconds', 'bytes', 'kbit/s', 'a count', 'no unit', 'ROS time',
         'word', 'stamp of')


@pytest.mark.ros
@pytest.mark.parametrize('name', PUBLIC_HASHES)
def test_vision_msgs_has_the_hashes_of_the_public_interface(name: str) -> None:
    import vision_msgs

    # PREFIX/lib/pythonX.Y/site-packages/vision_msgs/__init__.py
    prefix = Path(vision_msgs.__file__).parents[4]
    description = prefix / 'share' / 'vision_msgs' / 'msg' / f'{name}.json'

    hashes = {entry['type_name']: entry['hash_string']
              for entry in json.loads(description.read_text())['type_hashes']}

    assert hashes[f'vision_msgs/msg/{name}'] == PUBLIC_HASHES[name]


@pytest.mark.ros
@pytest.mark.parametrize('name', MESSAGES)
def test_built_message_has_the_fields_of_its_file(name: str, checkout: Path) -> None:
    import slim_split_ros.msg

    built = getattr(slim_split_ros.msg, name).get_fields_and_field_types()

    assert list(built) == [field for field, _ in _commented_fields(checkout, name)]


@pytest.mark.ros
def test_message_survives_serialization() -> None:
    from rclpy.serialization import deserialize_message, serialize_message

    from slim_split_ros.msg import EncodedFrame

    sent = EncodedFrame(sequence=7, width=0.25, fingerprint=2**64 - 1, chunk_count=1,
                        payload=bytes(range(256)))

    received = deserialize_message(serialize_message(sent), EncodedFrame)

    assert received == sent


@pytest.mark.parametrize('name', MESSAGES)
def test_every_field_has_a_comment_with_its_unit(name: str, checkout: Path) -> None:
    fields = _commented_fields(checkout, name)

    bare = [field for field, comment in fields
            if not any(unit in comment for unit in UNITS)]

    assert fields
    assert not bare


def _commented_fields(checkout: Path, name: str) -> list[tuple[str, str]]:
    fields, comment = [], ''
    for line in (checkout / 'msg' / f'{name}.msg').read_text().splitlines():
        if line.startswith('#'):
            comment += line
        elif FIELD.match(line):
            fields.append((line.split()[1], comment))
            comment = ''
    return fields

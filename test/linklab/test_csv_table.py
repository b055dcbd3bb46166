from pathlib import Path

import pytest

from slim_split_ros.linklab import TableError, read_text
from slim_split_ros.linklab.csv_table import parse_rows

COLUMNS = ('t_s', 'rate_kbps')
PLAIN = 't_s,rate_kbps\n0,500\n1,400\n'


def read_numbers(path: Path) -> list[list[float]]:
    return [[row.number(column, 0.0, 1e6) for column in COLUMNS]
            for row in parse_rows(read_text(path), str(path), COLUMNS)]


@pytest.mark.parametrize('data', [
    PLAIN.encode(), PLAIN.encode('utf-8-sig'), PLAIN.replace('\n', '\r\n').encode(),
    PLAIN.replace('\n', '\r').encode(), PLAIN.rstrip().encode(), (PLAIN + '\n  \n\n').encode(),
    b'\xef\xbb\xbft_s, rate_kbps\r\n 0 , 500 \r\n\r\n1,\t400\r\n',
    b'"t_s","rate_kbps"\n"0","500"\n1,400\n', b't_s,rate_kbps,,\n0,500,,\n1,400,,\n,,,\n'])
def test_what_spreadsheets_and_editors_add_is_read_over(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / 'a.csv'
    path.write_bytes(data)

    assert read_numbers(path) == [[0.0, 500.0], [1.0, 400.0]]


@pytest.mark.parametrize('encoding, name', [
    ('utf-16', 'UTF-16'), ('utf-16-le', 'UTF-16'), ('utf-16-be', 'UTF-16'), ('utf-32', 'UTF-32')])
def test_another_encoding_is_refused_by_its_name(
        encoding: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / 'a.csv'
    path.write_bytes(PLAIN.encode(encoding))

    with pytest.raises(TableError, match=f'a.csv: is in {name}.*UTF-8'):
        read_text(path)


def test_a_byte_that_is_not_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / 'a.csv'
    path.write_bytes(PLAIN.encode() + 'été,5\n'.encode('latin-1'))

    with pytest.raises(TableError, match='a.csv, line 4: byte 0xe9'):
        read_text(path)


@pytest.mark.parametrize('field', [
    '1e400', '-1e400', 'inf', 'nan', '-1', '1000001', 'fast', '', '1e', '0x10', '5;'])
def test_an_absurd_value_is_refused_with_file_line_column_value_and_way_out(
        field: str, tmp_path: Path) -> None:
    path = tmp_path / 'a.csv'
    path.write_text(f't_s,rate_kbps\r\n\r\n{field},500\r\n')

    with pytest.raises(TableError) as caught:
        read_numbers(path)

    assert f'{path}, line 3: t_s is "{field}"' in str(caught.value)
    assert 'from 0 to 1e+06; correct the line' in str(caught.value)


@pytest.mark.parametrize('text, message', [
    ('', 'line 1: the header has to be "t_s,rate_kbps", found ""'),
    ('t_s;rate_kbps\n', 'found "t_s;rate_kbps"'), ('0,500\n', 'found "0,500"'),
    ('t_s,rate_kbps\n0\n', 'line 2: "0" has 1 fields, needs 2'),
    ('t_s,rate_kbps\n0,1,2\n', 'line 2: "0,1,2" has 3 fields, needs 2'),
    ('t_s,rate_kbps\n"0,1\n0,1\n0,1\n', 'line 4: "0,1 0,1 0,1" has 1 fields'),
    ('t_s,rate_kbps\n0,' + '1' * 200_000, 'line 2: .*is it a CSV file')])
def test_a_wrong_table_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(TableError, match=message):
        list(parse_rows(text, 'a.csv', COLUMNS))

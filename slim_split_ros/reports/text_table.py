"""How the table of a page looks on a terminal."""

from slim_split_ros.reports.page import Table


def lay_out(table: Table) -> str:
    """
    Return lines with the columns aligned, the first to the left, the others to the right.

    >>> print(lay_out(Table(('width', 'bytes'), (('0.25', '900'), ('1.0', '2,800')))))
    width  bytes
    0.25     900
    1.0    2,800
    """
    lines = [table.columns, *table.rows]
    sizes = [max(len(line[k]) for line in lines) for k in range(len(table.columns))]
    return '\n'.join(
        '  '.join([line[0].ljust(sizes[0]),
                   *(cell.rjust(size) for cell, size in zip(line[1:], sizes[1:], strict=True))]
                  ).rstrip()
        for line in lines)

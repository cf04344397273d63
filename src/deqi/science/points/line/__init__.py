"""The treatment line: `st36 lr3 b 25mm 30min; li4 r; bafeng b; ea lr3+gb42 2/100hz 1.5ma`."""

from deqi.science.points.line.format import format_line
from deqi.science.points.line.parse import parse_line
from deqi.science.points.line.words import ElectricalSetting, Fault, LineError, Placement

__all__ = ["ElectricalSetting", "Fault", "LineError", "Placement", "format_line", "parse_line"]

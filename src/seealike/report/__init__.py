"""From tables to figures and one self-contained HTML page; it sees only tables and a record."""

from seealike.report.figures import figures as figures
from seealike.report.page import render as render
from seealike.report.write import write_figures as write_figures
from seealike.report.write import write_report as write_report

__all__ = ["figures", "render", "write_figures", "write_report"]

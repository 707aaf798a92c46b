"""Reports in a graded notebook: put there to be kept, and read back where the notebook comes from disk.

While a submission is graded, its Reports are handed on as they are. Nothing reads them back here before they are saved.
"""

from __future__ import annotations

from nbformat import NotebookNode, from_dict

from autograder.course.cells import graded_cells
from autograder.report import JSON_MIME, Report, rich


def save_report(cell: NotebookNode, report: Report) -> None:
    """Leave one Report in a graded cell, and nothing else."""
    data = report._repr_mimebundle_() | ({"text/html": _reason_html(report)} if not report.chapter else {})
    cell.outputs = [from_dict({"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None})]


def _reason_html(report: Report) -> str:
    """Return the explanation of a report that has nothing to say about backpropagation, so no chapter to name."""
    points = f"<strong>{rich(report.exercise)}: 0 of {report.max_points:g} points</strong>"
    return f"<p>{points}</p><p>{rich(report.findings[0].message)}</p>"


def saved_reports(notebook: NotebookNode) -> dict[str, Report]:
    """Return the report of each graded cell of a notebook that was graded and saved, by its grade_id.

    Raises KeyError, TypeError, ValueError or AttributeError where something is not as the pipeline wrote it.
    """
    return {
        cell.metadata.nbgrader.grade_id: Report.from_data(output.data[JSON_MIME])
        for _, cell in graded_cells(notebook)
        for output in cell.outputs
        if holds_report(output)
    }


def holds_report(output: NotebookNode) -> bool:
    """Say whether an output of a graded cell is its report."""
    return JSON_MIME in output.get("data", {})

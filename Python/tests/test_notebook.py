"""The notebook of the examples runs, and what it says of its results holds."""

import json

import pytest
from conftest import TREE

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("matplotlib")
pytest.importorskip("polars")

NOTEBOOK = TREE / "Examples" / "notebook" / "gsm8k.ipynb"


def test_the_notebook_runs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(notebook.cells) <= 11

    def output(cell, kind="text/plain"):
        return "".join(entry["data"].get(kind, "") for entry in cell.outputs if entry.output_type != "stream")

    agreement = next(cell for cell in cells if "verdicts agree" in cell.source)
    assert output(agreement) == "1.0"
    assert output(cells[-1]) == "True"
    assert any("image/png" in json.dumps(cell.outputs) for cell in cells)
    assert any("<table>" in output(cell, "text/html") for cell in cells)

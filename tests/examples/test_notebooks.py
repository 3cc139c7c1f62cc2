"""The notebooks are stripped, run from top to bottom, and draw their pictures; what fails is named."""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted((EXAMPLES / "notebooks").glob("*.ipynb"))
MISSING = "is not installed: `make notebooks` installs it"
nbformat = pytest.importorskip("nbformat", reason=f"nbformat {MISSING}")

Run = Callable[..., None]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_valid_and_stripped(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].source.startswith("# ") and "invented" in "".join(c.source for c in notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, f"strip the outputs of {cell.id}"
            assert len(cell.source.splitlines()) <= 35, f"{cell.id} is long"
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"  # the kernel of whatever environment runs it


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Executes a notebook of these cells as `run_notebooks.py` does, with its results in `tmp_path/executed`."""
    pytest.importorskip("nbclient", reason=f"nbclient {MISSING}")
    pytest.importorskip("ipykernel", reason=f"ipykernel {MISSING}")
    for name in ("IPYTHONDIR", "PYTHONWARNINGS", "PYDEVD_DISABLE_FILE_VALIDATION"):  # which it sets for its kernels
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name in ("CORPUS", "DATA_DIR", "MODEL"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "notebooks"
    folder.mkdir()
    main = runpy.run_path(str(EXAMPLES / "run_notebooks.py"))["main"]
    monkeypatch.setitem(main.__globals__, "FOLDER", folder)

    def run_cells(name: str, *cells: str) -> None:
        if cells:
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
            nbformat.write(notebook, folder / f"{name}.ipynb")
        main([name, "--output-dir", str(tmp_path / "executed")])

    return run_cells


def pixels(path: Path) -> Any:
    image = pytest.importorskip("matplotlib.image", reason=f"matplotlib {MISSING}")
    return image.imread(path)


@pytest.mark.slow
def test_what_fails_is_named_and_what_ran_is_kept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "corpus").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", "corpus")  # the kernel runs elsewhere, so its name must hold there as well
    look = "import os, warnings\nassert os.path.isdir(os.environ['DATA_DIR']) and os.listdir() == []\nprint('looked')"
    with pytest.raises(SystemExit, match=r"broken.ipynb failed:(.|\n)*1 / 0(.|\n)*ZeroDivisionError"):
        run("broken", look, "1 / 0", "print('never')")
    assert " 1/3 " in capsys.readouterr().out
    kept = json.loads((tmp_path / "executed" / "broken.ipynb").read_text(encoding="utf-8"))
    assert kept["cells"][0]["outputs"][0]["text"] == ["looked\n"] and kept["cells"][2]["outputs"] == []
    assert os.listdir(tmp_path / "notebooks") == ["broken.ipynb"]
    with pytest.raises(SystemExit, match=r"No notebook begins with 9; there are \['broken.ipynb'\]"):
        run("9")


@pytest.mark.slow
def test_boxes_in_the_place_of_characters_are_refused(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason=f"matplotlib {MISSING}")
    draw = "import matplotlib.pyplot as plt\nplt.rcParams['font.family'] = 'DejaVu Sans'\nplt.title({!r})\nplt.show()"
    run("fine", draw.format("symptom"))
    assert pixels(tmp_path / "executed" / "fine-1.png").std() > 0
    with pytest.raises(SystemExit, match=r"boxes.ipynb has pictures whose fonts lack characters:\n.*Glyph"):
        run("boxes", draw.format("症状"))


@pytest.mark.slow
def test_fine_tuning_draws_curve_bars_and_confusion(run: Run, tmp_path: Path) -> None:
    notebook = nbformat.read(EXAMPLES / "notebooks" / "2_trainer_fine_tuning.ipynb", as_version=4)
    cells = [cell.source.replace("EPOCHS = 8", "EPOCHS = 2") for cell in notebook.cells if cell.cell_type == "code"]
    assert sum("EPOCHS = 2" in cell for cell in cells) == 1
    run("fine-tuning", *cells)
    pictures = sorted((tmp_path / "executed").glob("*.png"))
    assert [path.name for path in pictures] == [f"fine-tuning-{number}.png" for number in (1, 2, 3)]
    assert all(pixels(path).std() > 0.05 for path in pictures)

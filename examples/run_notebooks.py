"""Execute the notebooks from top to bottom, offline, each in a new kernel and an empty folder of its own.

    python examples/run_notebooks.py
    python examples/run_notebooks.py 2 --output-dir executed
    CORPUS=ccks2017 DATA_DIR=ccks2017/train python examples/run_notebooks.py 2 --timeout 7200 --output-dir executed

The files in examples/notebooks stay as they are, without outputs; --output-dir keeps what came out, with the pictures
as PNG files. The first cell that fails ends the run with exit status 1, and so does a picture with characters that
its fonts lack.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "notebooks"
MISSING = "missing from font"  # matplotlib's words


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", help="how their names begin, e.g. 1 or 2_trainer [default: all]")
    parser.add_argument("--output-dir", type=Path, help="folder for the executed notebooks and their pictures")
    parser.add_argument("--timeout", type=int, default=600, help="seconds that one cell may take [600]")
    return parser.parse_args(arguments)


def execute(path: Path, timeout: int, target: Path | None) -> None:
    """Run one notebook; exits with the cell and its error when one fails."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal, DeadKernelError
    from traitlets.config import Config

    notebook = nbformat.read(path, as_version=4)
    numbers = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    begin = time.perf_counter()

    def done(cell: Any, cell_index: int, execute_reply: Any) -> None:
        if cell_index in numbers:
            first = next((line for line in cell.source.splitlines() if line.strip()), "")
            number = numbers.index(cell_index) + 1
            print(f"  {number:2}/{len(numbers)} {time.perf_counter() - begin:6.1f} s  {first[:80]}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"  # where the kernel runs: nothing is left behind
        work.mkdir()
        # Sockets in a folder instead of TCP ports, where the system has them: nobody else on the machine can listen.
        private = {} if os.name == "nt" else {"transport": "ipc", "ip": f"{folder}/kernel"}
        client = NotebookClient(
            notebook,
            timeout=timeout,
            startup_timeout=timeout,
            resources={"metadata": {"path": str(work)}},
            on_cell_executed=done,
            config=Config({"KernelManager": private}),
        )
        try:
            client.execute()
        except (CellControlSignal, DeadKernelError) as error:
            sys.exit(f"{path.name} failed:\n{error}")
        finally:
            if target is not None:
                keep(notebook, path.stem, target)
    lost = [line for output in outputs(notebook) for line in output.get("text", "").splitlines() if MISSING in line]
    if lost:  # matplotlib only warns, and draws boxes
        sys.exit(f"{path.name} has pictures whose fonts lack characters:\n" + "\n".join(lost))


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def keep(notebook: Any, name: str, target: Path) -> None:
    """Write the executed notebook and its pictures."""
    import nbformat

    target.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target / f"{name}.ipynb")
    data = [output.get("data", {}) for output in outputs(notebook)]
    pictures = [shown["image/png"] for shown in data if "image/png" in shown]
    for number, picture in enumerate(pictures, 1):
        (target / f"{name}-{number}.png").write_bytes(base64.b64decode(picture))


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    paths = sorted(path for path in FOLDER.glob("*.ipynb"))
    chosen = [p for p in paths if not options.notebooks or p.name.startswith(tuple(options.notebooks))]
    if not chosen:
        sys.exit(f"No notebook begins with {' or '.join(options.notebooks)}; there are {[p.name for p in paths]}.")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # or the kernel warns about frozen modules
    os.environ.setdefault("PYTHONWARNINGS", "ignore:IProgress not found")  # bars are text here; nobody watches widgets
    for name in ("DATA_DIR", "MODEL"):  # the notebooks run in folders of their own
        if os.environ.get(name) and Path(os.environ[name]).exists():
            os.environ[name] = str(Path(os.environ[name]).absolute())
    with tempfile.TemporaryDirectory() as profile:
        os.environ["IPYTHONDIR"] = profile  # no start-up files and no history of whoever runs this
        for number, path in enumerate(chosen, 1):
            print(f"{number}/{len(chosen)} {path.name}", flush=True)
            execute(path, options.timeout, options.output_dir)
    print(f"{len(chosen)} notebooks ran from top to bottom.")


if __name__ == "__main__":
    main()

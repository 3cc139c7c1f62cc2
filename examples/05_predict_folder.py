"""Find the entities of every note in a folder: JSON lines for programs, and one HTML page to read.

    python examples/05_predict_folder.py --model OUT notes/ --output entities.jsonl
    python examples/05_predict_folder.py --model OUT notes/ --output entities.jsonl --html entities.html --below 0.9

Texts may have any length; `text[start:end]` is the entity, and the score its probability under the model. With --below
the page shows only the entities that the model is less sure of, which are the ones to look at first.
`hf-cner predict` does the same for more formats, and can go on with a run that was cut off.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from hf_cner import Document
from hf_cner.data.documents import read_jsonl, write_jsonl
from hf_cner.data.files import read_text
from hf_cner.data.problems import Problems
from hf_cner.data.texts import files_of
from hf_cner.data.writing import atomic_write, check_output
from hf_cner.viewer.page import rows_of, write_page


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of .txt files in UTF-8, with subfolders")
    parser.add_argument("--model", required=True, help="folder of a checkpoint, or its name on the Hub")
    parser.add_argument("--output", type=Path, required=True, help="file of JSON lines to write")
    parser.add_argument("--html", type=Path, help="page to write, with the entities marked in the text")
    parser.add_argument(
        "--below", type=float, default=1.0, help="mark only entities less probable than this [1.0: all]"
    )
    parser.add_argument("--device", help="cpu, cuda, cuda:1 … [default: a GPU where there is one]")
    return parser.parse_args(arguments)


def notes(folder: Path, files: list[Path]) -> Iterator[Document]:
    """The notes one after another, so that a folder of any size fits into memory."""
    for number, file in enumerate(files, 1):
        name = file.relative_to(folder).as_posix()
        print(f"{number}/{len(files)} {name}", file=sys.stderr)
        yield Document(read_text(file), id=name)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    problems = Problems(aloud=True)  # says which files were left out
    for output in (options.output, options.html):
        if output is not None:
            check_output(output, inputs=(options.folder,), models=(options.model,))
    files = [file for file, _ in files_of(options.folder, problems, kinds=("text",))]  # behind links as well

    from hf_cner import Predictor  # after the arguments: it loads torch and transformers

    predictor = Predictor.from_pretrained(options.model, device=options.device)
    write_jsonl(predictor.predict(notes(options.folder, files)), options.output)  # the file appears when it is whole

    found = list(read_jsonl(options.output))
    print(f"{sum(len(document.spans) for document in found)} entities in {len(found)} notes: {options.output}")
    if options.html:
        unsure = [d.with_spans(span for span in d.spans if (span.score or 0) <= options.below) for d in found]
        with atomic_write(options.html) as page:
            write_page(page, rows_of(unsure), title=options.folder.name, types=predictor.entity_types)
        print(f"The page: {options.html}")


if __name__ == "__main__":
    main()

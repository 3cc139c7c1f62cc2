"""Prediction against flair's SequenceTagger of like size, in documents per second.

    python benchmarks/bench_flair.py [--documents 400] [--rounds 5]      # the first time it installs flair, a minute

flair wants an older transformers, so it gets an environment of its own (`--environment`), and a process there, which
takes turns with this one on the same texts. Both are characters of 100 numbers, a BiLSTM of 2 × 128 and a CRF of 21
tags, with random weights; ours also has attention. One thread each, processor time, flair's fastest batch size.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import venv
from importlib.metadata import version
from pathlib import Path
from typing import Any

FLAIR = "flair==0.15.1"
BATCH_SIZES = (8, 32, 128)
OURS = Path(__file__).parent.parent / ".venv-bench" / "flair"


def environment(folder: Path) -> Path:
    """The interpreter of an environment with flair, which is made if it is missing."""
    python = folder / "bin" / "python"
    if not (folder / ".installed").exists():
        venv.create(folder, with_pip=True)
        torch = f"torch=={version('torch').partition('+')[0]}"
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", FLAIR, torch]
        subprocess.run(command, check=True, stdout=sys.stderr)
        (folder / ".installed").touch()
    return python


def serve() -> None:
    """In flair's environment: read the texts, then answer each line with the seconds of a prediction."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # flair logs to standard output

    import flair
    import torch
    from flair.data import Dictionary, Sentence
    from flair.embeddings import OneHotEmbeddings
    from flair.models import SequenceTagger

    torch.set_num_threads(1)
    flair.device = torch.device("cpu")
    given: dict[str, Any] = json.loads(sys.stdin.readline())
    characters, types = Dictionary(add_unk=True), Dictionary(add_unk=False)
    for text in given["texts"]:
        for character in text:
            characters.add_item(character)
    for type_ in given["types"]:
        types.add_item(type_)
    types.span_labels = True
    tagger = SequenceTagger(
        OneHotEmbeddings(characters, field="text", embedding_length=100),
        tag_dictionary=types, tag_type="ner", hidden_size=128, use_crf=True, reproject_embeddings=False,
    )  # fmt: skip
    torch.nn.init.normal_(tagger.linear.weight)

    def seconds(size: int) -> float:
        begin = time.process_time()
        tagger.predict([Sentence(list(text)) for text in given["texts"]], mini_batch_size=size)
        return time.process_time() - begin

    best = min(BATCH_SIZES, key=seconds)
    print(json.dumps({"tags": tagger.linear.out_features, "batch": best}), file=answers, flush=True)
    for _ in sys.stdin:
        print(seconds(best), file=answers, flush=True)


def compare(python: Path, documents: int, rounds: int) -> None:
    """Print the table."""
    import torch
    from bench_predict import TOKENIZER, model_of, texts_of

    from hf_cner import Predictor

    torch.set_num_threads(1)
    texts = texts_of(documents)
    ours = Predictor(model_of("bilstm"), TOKENIZER, scores=False)
    own = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with subprocess.Popen(
        [python, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=own
    ) as other:
        assert other.stdin is not None and other.stdout is not None

        def say(line: str) -> str:
            print(line, file=other.stdin, flush=True)
            return other.stdout.readline()  # type: ignore[union-attr]

        about = json.loads(say(json.dumps({"texts": texts, "types": ours.entity_types})))
        taken: list[tuple[float, float]] = []
        for number in range(rounds + 1):
            begin = time.process_time()
            ours(texts)
            mine, theirs = time.process_time() - begin, float(say("again"))
            if number:  # the first round warms up
                taken.append((theirs, mine))
        other.stdin.close()
    rates = [documents / statistics.median(seconds) for seconds in zip(*taken, strict=True)]
    ratio = statistics.median(theirs / mine for theirs, mine in taken)
    print(f"| characters, BiLSTM, CRF of {about['tags']} tags | documents/s | ratio |")
    print("|---|---|---|")
    print(f"| {FLAIR}, batches of {about['batch']} | {rates[0]:,.0f} | 1 |")
    print(f"| ours, with attention | {rates[1]:,.0f} | {ratio:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--environment", type=Path, default=OURS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
    else:
        compare(environment(options.environment), options.documents, options.rounds)


if __name__ == "__main__":
    main()

"""Long documents, of 100 to 800 characters: our windows against windows of 512 with a stride of 128.

    python benchmarks/bench_long.py                                    # BERT of 4 layers of 312, random weights, CRF
    python benchmarks/bench_long.py --layers 12 --hidden 768 --documents 12 --rounds 3

All arms have the same model and the same texts, sections of the invented sample corpus joined to lengths drawn evenly.
`pipeline` is transformers' with `stride=128`, at each of several batch sizes; the fastest is the baseline. `Predictor,
windows of 512` takes the same windows in our batches; `Predictor` is ours with the default windows, of at most 256
characters, cut at sentence ends. The rounds are interleaved in one process of one thread; the figures are medians, of
ratios those of the rounds' ratios of processor time.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch are imported

import torch
from transformers import BertConfig, pipeline, set_seed

from hf_cner import CnerConfig, CnerForTokenClassification, Predictor, read_corpus
from hf_cner.data.tokenizer import build_character_tokenizer, count_characters

SHORTEST, LONGEST = 100, 800
WINDOW, STRIDE = 512, 128


def texts_of(number: int) -> list[str]:
    """Texts of lengths drawn evenly, of whole sections but for the last one in each."""
    sections = [document.text for document in read_corpus("sample")]
    drawn = random.Random(0)
    texts = []
    for _ in range(number):
        length, text = drawn.randint(SHORTEST, LONGEST), ""
        while len(text) < length:
            text += drawn.choice(sections)
        texts.append(text[:length])
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--hidden", type=int, default=312)
    parser.add_argument("--documents", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 4, 16])
    options = parser.parse_args()
    torch.set_num_threads(1)
    set_seed(0)
    texts = texts_of(options.documents)
    tokenizer = build_character_tokenizer(count_characters(texts))
    tokenizer.model_max_length = WINDOW
    encoder = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=options.hidden,
        num_hidden_layers=options.layers,
        num_attention_heads=12,
        intermediate_size=4 * options.hidden if options.hidden != 312 else 1200,
    )
    config = CnerConfig(
        encoder={"kind": "pretrained", "config": encoder.to_dict()},
        context={"kind": "none"},
        entity_types=["症状和体征", "检查和检验", "疾病和诊断", "治疗", "身体部位"],
        non_unit_ids=[tokenizer.pad_token_id],
        pad_token_id=tokenizer.pad_token_id,
    )
    model = CnerForTokenClassification(config).eval()
    stock = pipeline("token-classification", model, tokenizer=tokenizer, stride=STRIDE, aggregation_strategy="simple")
    wide = {"policy": "stride", "max_length": WINDOW, "overlap": STRIDE}
    arms: dict[str, Callable[[], object]] = {
        f"pipeline, batches of {size}": lambda size=size: stock(texts, batch_size=size) for size in options.batch_sizes
    }
    theirs = list(arms)
    for name, windows in ((f"Predictor, windows of {WINDOW}", wide), ("Predictor", None)):
        finds = Predictor(model, tokenizer, windows=windows)
        arms[name] = lambda finds=finds: list(finds(texts))
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for number in range(options.rounds + 1):
        for name in list(arms)[:: -1 if number % 2 else 1]:
            begin = time.process_time()
            arms[name]()
            seconds[name].append(time.process_time() - begin)
    medians = {name: statistics.median(times[1:]) for name, times in seconds.items()}  # the first round warms up
    best = min(theirs, key=lambda name: medians[name])
    characters = sum(map(len, texts))
    print(f"BERT {options.layers} × {options.hidden}, {len(texts)} documents, {characters} characters")
    print("| | characters/s | ratio |\n|---|---|---|")
    for name, times in seconds.items():
        ratio = statistics.median(base / own for base, own in zip(seconds[best][1:], times[1:], strict=True))
        print(f"| {name} | {characters / medians[name]:,.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()

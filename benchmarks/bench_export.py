"""Documents per second of exported graphs against `Predictor` in torch: `python benchmarks/bench_export.py`.

Random weights, invented texts, one thread, fp32, scores on: windows, batches, decoding and spans are part of the time.
All backends run in one process, round after round; a figure is the median of the rounds' ratios of processor time,
torch's by the backend's, so more than 1 is faster than torch. Without `--cases` two small models are measured, which
takes three minutes; `base` takes ten.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from transformers import BertConfig, set_seed

from hf_cner import CnerConfig, CnerForTokenClassification, Predictor
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.export.folder import export_model
from hf_cner.modeling.characters import CharacterTable
from hf_cner.runtime import load

TYPES = ["症状", "部位", "疾病", "检查", "治疗"]
PARTS = "患者,三天前,无明显诱因,出现,头痛,发热,右侧肢体,伴,恶心,查体,血压,心肺,未见异常"
WORDS = PARTS.split(",")
TOKENIZER = build_character_tokenizer(sorted({*"".join(WORDS), *"，。"}))
BERTS = {"small": (4, 312, 1200), "base": (12, 768, 3072)}  # layers, width, inner width


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=["bilstm", "small"], help="bilstm, small (4 layers of 312), base")
    parser.add_argument("--backends", nargs="+", default=["onnx", "openvino"])
    parser.add_argument("--int8", action="store_true", help="also ONNX in int8")
    parser.add_argument("--documents", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    torch.set_num_threads(1)
    print("| model | backend | documents/s | torch's | ratio | same spans |\n|---|---|---|---|---|---|")
    texts = texts_of(args.documents)
    for case in args.cases:
        with tempfile.TemporaryDirectory() as folder:
            measure(case, texts, args, Path(folder))


def measure(case: str, texts: list[str], args: argparse.Namespace, folder: Path) -> None:
    predictor = Predictor(model_of(case), TOKENIZER)
    finders: dict[str, Any] = {"torch": predictor}
    for backend, precision in [(name, "fp32") for name in args.backends] + ([("onnx", "int8")] if args.int8 else []):
        name = f"{backend} {precision}"
        export_model(predictor, folder / name, to=backend, precision=precision)
        finders[name] = load(folder / name, threads=1)
    times: dict[str, list[float]] = {name: [] for name in finders}
    found: dict[str, Any] = {}
    for number in range(args.rounds + 1):
        for name, finder in finders.items():
            begin = time.process_time()
            found[name] = finder(texts)
            if number:  # the first round warms up
                times[name].append(time.process_time() - begin)
    for name in list(finders)[1:]:
        ratio = statistics.median(t / own for t, own in zip(times["torch"], times[name], strict=True))
        speeds = [len(texts) / statistics.median(times[of]) for of in (name, "torch")]
        same = sum(one == other for one, other in zip(found[name], found["torch"], strict=True)) / len(texts)
        print(f"| {case} | {name} | {speeds[0]:.0f} | {speeds[1]:.0f} | {ratio:.2f} | {same:.1%} |", flush=True)


def model_of(case: str) -> CnerForTokenClassification:
    set_seed(0)
    slots: dict[str, Any] = {
        "encoder": {"kind": "static", "vocab_size": len(TOKENIZER), "embedding_size": 100},
        "context": {"kind": "bilstm", "hidden_size": 128},
        "attention": {"kind": "multi_head", "num_heads": 4},
    }
    if case in BERTS:
        layers, width, inner = BERTS[case]
        sizes = {
            "hidden_size": width,
            "num_hidden_layers": layers,
            "num_attention_heads": 12,
            "intermediate_size": inner,
        }
        encoder = BertConfig(vocab_size=len(TOKENIZER), **sizes)
        slots = {"encoder": {"kind": "pretrained", "config": encoder.to_dict()}, "context": {"kind": "none"}}
    non_units = CharacterTable(TOKENIZER).non_unit_ids
    model = CnerForTokenClassification(CnerConfig(**slots, entity_types=TYPES, non_unit_ids=non_units)).eval()
    torch.nn.init.normal_(model.span_decoder.projection.weight)  # or every score would be about the same
    return model


def texts_of(number: int) -> list[str]:
    """Texts of 20 to 400 characters, in sentences."""
    draw = random.Random(0)
    texts = []
    for _ in range(number):
        length, text = draw.randint(20, 400), ""
        while len(text) < length:
            text += "".join(draw.choices(WORDS, k=draw.randint(2, 8))) + draw.choice("，。")
        texts.append(text)
    return texts


if __name__ == "__main__":
    main()

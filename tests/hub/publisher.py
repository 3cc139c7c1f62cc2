"""Run in a process of its own: trains a tiny model, and publishes it in every way on the Hub that HF_ENDPOINT names.

    python publisher.py FOLDER

Prints, as JSON in the last line, what the model finds, so that what comes back can be compared.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

import torch
from datasets import load_dataset
from huggingface_hub import hf_hub_download
from transformers import AutoModelForTokenClassification, AutoTokenizer

from hf_cner import CnerTrainer, CnerTrainingArguments, Document, Predictor, Span, load_corpus, read_corpus
from hf_cner.cli.main import main
from hf_cner.data.documents import write_jsonl

TEXT = "患者头痛三天，今日腹痛。查双肺未见异常。"
SETTINGS = (
    *("model.encoder.embedding_size=16", "model.encoder.bigram_size=16", "model.context.hidden_size=16"),
    *("training.num_train_epochs=8", "training.learning_rate=0.02", "training.disable_tqdm=true"),
    *("training.use_cpu=true", "training.save_strategy='no'"),
)


def corpus(folder: Path) -> Path:
    words = {"头痛": "症状", "腹痛": "症状", "双肺": "部位", "肝": "部位"}
    documents = []
    for number in range(30):
        first, second = list(words)[number % 4], list(words)[(number // 4) % 4]
        text = f"患者{first}{number}天，查{second}。"
        start = text.rindex(second)
        spans = {Span(2, 2 + len(first), words[first]), Span(start, start + len(second), words[second])}
        documents.append(Document(text, tuple(spans), id=f"note-{number}", record=f"record-{number}"))
    folder.mkdir()
    write_jsonl(documents, folder / "train.jsonl")
    return folder


def command(*arguments: str) -> None:
    try:
        main(arguments)
    except SystemExit as done:
        assert not done.code, arguments


def examples(repository: str) -> list[str]:
    """The Python code in a repository's card."""
    card = Path(hf_hub_download(repository, "README.md")).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", card, re.DOTALL)


def by_script(data: Path, out: Path) -> None:
    path = Path(__file__).parents[2] / "dataset_scripts" / "jsonl" / "jsonl.py"
    spec = importlib.util.spec_from_file_location("jsonl_script", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules["jsonl_script"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        module.main(["dataset", "jsonl", "--data-dir", str(data), "--out", str(out), "--push-to-hub", "ward3/data"])
    except SystemExit as ended:
        assert not ended.code
    loaded = load_dataset("ward3/data", split="train")
    assert loaded.to_list() == load_corpus("jsonl", data_dir=data)["train"].to_list()


def publish(folder: Path) -> dict[str, Any]:
    torch.set_num_threads(1)
    data, out = corpus(folder / "data"), folder / "out"
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    train = ["train", "--preset", "bilstm-mha-crf", "--corpus", "jsonl", "--data-dir", str(data)]
    command(*train, "--output-dir", str(out), "--split", "7:2:1", *settings)
    command("push", "--model", str(out), "--repo", "ward3/by-command")
    for example in examples("ward3/by-command")[:1]:  # of the card: with the package
        exec(example, {})
    by_script(data, folder / "dataset")
    model = AutoModelForTokenClassification.from_pretrained(out)
    tokenizer = AutoTokenizer.from_pretrained(out)
    model.push_to_hub("ward3/by-model", private=True)
    tokenizer.push_to_hub("ward3/by-model")
    arguments = CnerTrainingArguments(
        str(folder / "trainer"), hub_model_id="ward3/by-trainer", hub_private_repo=True, use_cpu=True, report_to=[]
    )
    documents = read_corpus("jsonl", data)
    CnerTrainer(
        model, arguments, train_dataset=documents[:20], eval_dataset=documents[20:], processing_class=tokenizer
    ).push_to_hub(dataset="notes")
    (found,) = Predictor(model, tokenizer)([TEXT])
    inputs = tokenizer(TEXT, return_tensors="pt", return_token_type_ids=False)
    model.eval()
    with torch.no_grad():
        logits = model(**inputs).logits
    spans = [[span.start, span.end, span.type] for span in found.spans]
    assert spans, "a model that finds nothing proves nothing"
    return {"text": TEXT, "spans": spans, "logits": logits.double().sum().item()}


if __name__ == "__main__":
    print(json.dumps(publish(Path(sys.argv[1]))))

"""Nested entities by questions: one question per type, all types in one pass over the text (BERT-MRC-Biaffine).

    python examples/03_questions.py --output-dir OUT
    python examples/03_questions.py --corpus ccks2017-early --data-dir early --epochs 10 --output-dir OUT
    python examples/03_questions.py --encoder my-encoder --corpus cmeee --data-dir cmeee --output-dir OUT

A model that asks finds entities inside entities, which tags cannot express, and it can be asked afterwards for a type
that it was not trained on: see the last line of the output (no promise of quality).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from hf_cner import read_corpus
from hf_cner.data.corpora import entity_types
from hf_cner.data.queries import queries_for
from hf_cner.data.splits import split_by_record
from hf_cner.metrics import evaluate_documents, nested_counts, table
from hf_cner.settings.resolve import resolve_settings


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", help="folder or Hub name of a pretrained encoder [default: characters alone]")
    parser.add_argument("--corpus", default="sample", help="a corpus that has questions [default: sample, not nested]")
    parser.add_argument("--data-dir", type=Path, help="its folder; the sample is bundled")
    parser.add_argument("--epochs", type=float, default=8, help="[default: 8]")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any setting; may be repeated")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder for the model")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)

    from transformers import set_seed  # heavy imports stand behind the arguments, so that --help answers at once

    from hf_cner import CnerTrainer, CnerTrainingArguments, Predictor
    from hf_cner.training.build import build

    documents = read_corpus(options.corpus, options.data_dir)
    train, test, dev = split_by_record(documents, [7, 2, 1], seed=42)
    types = entity_types(options.corpus)
    queries = queries_for(options.corpus, types)
    for name, question in queries.items():
        print(f"{name}: {question}")

    preset = "bert-mrc-biaffine" if options.encoder else "bilstm-mrc-biaffine"
    model_settings = {"queries": queries} | ({"encoder": {"name_or_path": options.encoder}} if options.encoder else {})
    settings = resolve_settings(preset, options={"model": model_settings}, assignments=options.set)
    set_seed(42)
    model, tokenizer = build(settings, train, types)
    training = CnerTrainingArguments(
        **{**settings.training, "output_dir": str(options.output_dir), "num_train_epochs": options.epochs}
    )
    trainer = CnerTrainer(model, training, train_dataset=train, eval_dataset=dev, processing_class=tokenizer)
    trainer.train()
    trainer.save_model()

    predicted = trainer.predict(test).predictions
    print(table(evaluate_documents(test, predicted, types=types)))
    for name, counts in nested_counts(test, predicted).items():
        print(f"{name}: {counts.tp} of {counts.support} mentions that overlap others were found")

    model.set_queries({**queries, "药物": "病历中使用了哪些药物？"}, tokenizer)
    (document,) = Predictor(model, tokenizer)("患者3天前出现头痛、发热，予阿司匹林口服，腹部彩超未见异常。")
    print([(document.mention(span), span.type, round(span.score or 0, 3)) for span in document.spans])


if __name__ == "__main__":
    main()

"""Fine-tune a preset on a corpus with `CnerTrainer`, and evaluate it on records that it has not seen.

    python examples/01_fine_tune.py --output-dir OUT
    python examples/01_fine_tune.py --corpus ccks2017 --data-dir ccks2017/train --output-dir OUT
    python examples/01_fine_tune.py --preset idcnn-mha-crf --set training.num_train_epochs=5 --output-dir OUT

`hf-cner train` does the same in one command; here are its parts, to change what you like. The sample corpus, which is
the default, is invented: a figure measured on it says nothing about clinical text.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from hf_cner import read_corpus
from hf_cner.data.corpora import entity_types, types_in
from hf_cner.data.splits import split_by_record
from hf_cner.metrics import evaluate_documents, table
from hf_cner.settings.resolve import resolve_settings


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", default="sample", help="name of a corpus, jsonl or conll [default: sample]")
    parser.add_argument("--data-dir", type=Path, help="its folder or file; the sample is bundled")
    parser.add_argument("--preset", default="bilstm-mha-crf", help="`hf-cner presets` lists them [bilstm-mha-crf]")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any setting; may be repeated")
    parser.add_argument("--seed", type=int, default=42, help="of the weights and the order of training [42]")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder for the model")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)

    from transformers import set_seed  # heavy imports stand behind the arguments, so that --help answers at once

    from hf_cner import CnerTrainer, CnerTrainingArguments
    from hf_cner.training.build import build

    documents = read_corpus(options.corpus, options.data_dir)
    train, test, dev = split_by_record(documents, [7, 2, 1], seed=42)
    types = entity_types(options.corpus) or types_in(documents)
    print(f"{len(train)} documents to learn from, {len(dev)} to choose the epoch, {len(test)} to report")

    settings = resolve_settings(options.preset, assignments=options.set)
    set_seed(options.seed)
    model, tokenizer = build(settings, train, types)  # the vocabulary comes from the training texts alone
    trainer = CnerTrainer(
        model,
        CnerTrainingArguments(output_dir=str(options.output_dir), seed=options.seed, **settings.training),
        train_dataset=train,
        eval_dataset=dev,
        processing_class=tokenizer,
    )
    print(f"training part: {trainer.entity_report}")
    trainer.train()
    trainer.save_model()
    trainer.create_model_card(dataset=options.corpus)  # its figures are those of the dev part

    predicted = trainer.predict(test).predictions  # documents, decoded whole
    report = evaluate_documents(test, predicted, types=types)
    (options.output_dir / "test_results.json").write_text(json.dumps(report, ensure_ascii=False, indent=2), "utf-8")
    print(table(report))
    print(f"The model lies in {options.output_dir}; use it: hf-cner predict --model {options.output_dir} NOTE.txt")


if __name__ == "__main__":
    main()

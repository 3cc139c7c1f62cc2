"""Pretrain an encoder on text without annotation, hiding whole medical entities, and train a tagger on top of it.

    python examples/04_domain_pretraining.py --output-dir OUT
    python examples/04_domain_pretraining.py --texts notes.txt --encoder my-bert --lexicon terms.txt --output-dir OUT

Without --encoder a small BERT starts from scratch; without --texts it reads the training part of the corpus, whose gold
mentions are then hidden. That is enough to see the way, and far too little to gain anything by it. `hf-cner pretrain`
does the first half on the command line, with everything that can be set.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from hf_cner import read_corpus
from hf_cner.data.corpora import entity_types, types_in
from hf_cner.data.documents import write_jsonl
from hf_cner.data.splits import split_by_record
from hf_cner.metrics import table

SMALL = {"model_type": "bert", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
         "num_attention_heads": 2}  # fmt: skip


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="text files or JSON lines without annotation")
    parser.add_argument("--encoder", help="folder or Hub name [default: a small BERT from scratch]")
    parser.add_argument("--lexicon", type=Path, help="terms that are hidden whole [default: the training mentions]")
    parser.add_argument("--corpus", default="sample", help="name of a corpus, jsonl or conll [default: sample]")
    parser.add_argument("--data-dir", type=Path, help="its folder or file; the sample is bundled")
    parser.add_argument("--epochs", type=float, default=5, help="of pretraining, and of training [default: 5]")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder for encoder/ and model/")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)

    from hf_cner.pretraining.run import pretrain  # heavy imports stand behind the arguments: --help answers at once
    from hf_cner.settings.resolve import resolve_settings
    from hf_cner.training.run import train_on

    documents = read_corpus(options.corpus, options.data_dir)
    train, test, dev = split_by_record(documents, [7, 2, 1], seed=42)
    learn, held_out = options.output_dir / "train.jsonl", options.output_dir / "test.jsonl"
    write_jsonl(train, learn)
    write_jsonl([*test, *dev], held_out)  # none of it may be read before: it is refused if it stands in --texts

    encoder = {"name_or_path": options.encoder} if options.encoder else {"config": SMALL}
    entities = {"lexicon": str(options.lexicon)} if options.lexicon else {"entities": "mentions"}
    outcome = pretrain(
        {
            "encoder": encoder,
            "masking": "entity",
            **entities,
            "data": {"files": [*options.texts, learn], "exclude": [str(held_out)]},
            "training": {"num_train_epochs": options.epochs},
            "output_dir": options.output_dir / "encoder",
        }
    )
    print(f"perplexity of hidden characters on texts held out: {outcome['metrics']['held_out']['perplexity']:.1f}")

    slot = {"encoder": {"kind": "pretrained", "name_or_path": outcome["checkpoint"]}}
    chosen = {"data": {"corpus": options.corpus}, "output_dir": str(options.output_dir / "model"), "model": slot}
    settings = resolve_settings("bert-bilstm-crf", options=chosen | {"training": {"num_train_epochs": options.epochs}})
    types = entity_types(options.corpus) or types_in(documents)
    results = train_on({"train": train, "test": test, "dev": dev}, types, settings)
    print(table(results["metrics"]["test"]))


if __name__ == "__main__":
    main()

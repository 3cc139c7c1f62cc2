"""Start from a pretrained encoder of your own: any BERT-, ALBERT-, ELECTRA- or XLNet-like folder or Hub name.

    python examples/02_from_own_encoder.py --output-dir OUT
    python examples/02_from_own_encoder.py --encoder my-encoder --corpus ccks2019 --data-dir ccks2019 --output-dir OUT

The encoder needs config.json, model.safetensors and a tokenizer. Without --encoder a tiny BERT that knows nothing is
made on the spot, so that the example runs offline; it only shows the way.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from hf_cner import read_corpus
from hf_cner.data.corpora import entity_types, types_in
from hf_cner.data.splits import split_by_record
from hf_cner.metrics import evaluate_documents, table


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", help="folder or Hub name [default: a tiny BERT without pretraining]")
    parser.add_argument("--corpus", default="sample", help="name of a corpus, jsonl or conll [default: sample]")
    parser.add_argument("--data-dir", type=Path, help="its folder or file; the sample is bundled")
    parser.add_argument("--epochs", type=float, default=5, help="[default: 5]")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder for the model")
    return parser.parse_args(arguments)


def make_tiny_bert(folder: Path, texts: list[str]) -> str:
    """A BERT of two small layers with random weights, in a folder as `save_pretrained` leaves any encoder."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    characters = sorted({character for text in texts for character in text.lower() if not character.isspace()})
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]", *characters]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast.from_pretrained(folder).save_pretrained(folder)
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    BertModel(BertConfig(vocab_size=len(vocabulary), **sizes)).save_pretrained(folder)
    return str(folder)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)

    from transformers import set_seed  # heavy imports stand behind the arguments, so that --help answers at once

    from hf_cner import CnerConfig, CnerForTokenClassification, CnerTrainer, CnerTrainingArguments
    from hf_cner.data.tokenizer import character_tokenizer_from
    from hf_cner.modeling.characters import CharacterTable

    set_seed(42)
    documents = read_corpus(options.corpus, options.data_dir)
    train, test, dev = split_by_record(documents, [7, 2, 1], seed=42)
    encoder = options.encoder or make_tiny_bert(options.output_dir / "encoder", [document.text for document in train])

    tokenizer = character_tokenizer_from(encoder)  # one token per character, with the encoder's own ids
    config = CnerConfig(
        context={"kind": "bilstm", "hidden_size": 64},
        span_decoder={"kind": "crf", "scheme": "BIOES"},
        entity_types=list(entity_types(options.corpus) or types_in(documents)),
        non_unit_ids=CharacterTable(tokenizer).non_unit_ids,  # padding, [CLS], [SEP]: no characters, so no tags
        pad_token_id=tokenizer.pad_token_id,
    )
    model = CnerForTokenClassification.from_encoder_pretrained(encoder, config)
    rates = {"encoder": 2e-5 if options.encoder else 2e-3}  # pretrained weights move slowly, the new layers fast
    training = CnerTrainingArguments(
        str(options.output_dir), num_train_epochs=options.epochs, learning_rate=2e-3, slot_learning_rates=rates
    )
    trainer = CnerTrainer(model, training, train_dataset=train, eval_dataset=dev, processing_class=tokenizer)
    trainer.train()
    trainer.save_model()
    print(table(evaluate_documents(test, trainer.predict(test).predictions)))


if __name__ == "__main__":
    main()

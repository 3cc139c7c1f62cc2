"""The names of published weights, brought to those that the model class expects.

The prefix under which an encoder stands in a file (`bert.`, `module.albert.`, `transformer.`, none) is not taken from
a list: it is what stands before the names that the class itself expects. What stands outside that prefix belongs to
another task. Declared here are only spellings of old versions, and parts that are known to be no part of an encoder.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Old spelling, today's, what to say. Regular expressions over whole names, used where the old name is not expected.
RENAMES = (
    (r"(\w*[nN]orm\w*)\.gamma$", r"\1.weight", "LayerNorm.gamma is now LayerNorm.weight"),
    (r"(\w*[nN]orm\w*)\.beta$", r"\1.bias", "LayerNorm.beta is now LayerNorm.bias"),
    (r"_orig_mod\.", "", "_orig_mod., from torch.compile, was removed"),
    (r"_fsdp_wrapped_module\.", "", "_fsdp_wrapped_module. was removed"),
)
# Buffers that older versions wrote among the weights: they hold 0, 1, 2, … or zeros, and are made again.
BUFFERS = ("position_ids", "token_type_ids", "attn.bias", "attn.masked_bias")
# Parts that are known to be heads of other tasks, with or without a prefix before them.
HEADS = (
    *("cls", "predictions", "lm_predictions", "mask_predictions", "generator_predictions", "generator_lm_head"),
    *("discriminator_predictions", "lm_head", "lm_loss", "mlm", "nsp", "sop_classifier", "seq_relationship"),
    *("pooler", "sequence_summary", "logits_proj", "classifier", "pre_classifier", "qa_outputs", "start_logits"),
    *("end_logits", "answer_class", "score", "summary", "pred_layer", "proj", "vocab_transform", "vocab_projector"),
    *("vocab_layer_norm", "crf", "crf_layer", "lstm", "bilstm", "hidden2tag", "fc", "dropout", "head", "decoder"),
)
# A head's copy of the input embedding, which some files keep in place of it.
TIED = (
    *("predictions.decoder.weight", "lm_head.weight", "lm_head.decoder.weight", "lm_loss.weight"),
    *("generator_lm_head.weight", "vocab_projector.weight"),
)


@dataclass
class Names:
    """How the names of a file fit those of a model.

    `taken` leads from a name of the model to the file's; `heads`, `buffers` and `unknown` are the file's names that
    are left out, `strange` those inside the encoder for which the model has no place.
    """

    prefix: str = ""
    taken: dict[str, str] = field(default_factory=dict)
    heads: list[str] = field(default_factory=list)
    buffers: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    strange: dict[str, str] = field(default_factory=dict)
    respelt: Counter[str] = field(default_factory=Counter)
    twice: list[tuple[str, str]] = field(default_factory=list)


def fit(given: Iterable[str], expected: Iterable[str], base: str) -> Names:
    """Fit the names of a file to those of a model.

    Args:
        given: names of the file.
        expected: names of the model's parameters.
        base: the model's `base_model_prefix`: a model with a head has its encoder's weights below it.

    Raises:
        ValueError: the file holds two encoders of the expected names.
    """
    wanted = set(expected)
    into = f"{base}." if any(name.startswith(f"{base}.") for name in wanted) else ""
    inner = {name[len(into) :] for name in wanted if name.startswith(into)}
    found = Names()
    spelt = {name: respell(name, inner, found.respelt) for name in given}
    found.prefix = prefix_of(spelt.values(), inner)
    outer = found.prefix.removesuffix(into) if into else None  # where a head would stand
    roots = {name.split(".")[0] for name in inner}
    for name, now in spelt.items():
        rest = now[len(found.prefix) :] if now.startswith(found.prefix) else None
        target = None
        if rest is not None and rest in inner:
            target = into + rest
        elif outer is not None and now.startswith(outer) and now[len(outer) :] in wanted:
            target = now[len(outer) :]
        if target is not None:
            if target in found.taken:
                found.twice.append((found.taken[target], name))
            found.taken.setdefault(target, name)
        elif now.endswith(BUFFERS):
            found.buffers.append(name)
        elif rest is None or not (found.prefix or rest.split(".")[0] in roots):
            (found.heads if set(now.split(".")[:3]) & set(HEADS) else found.unknown).append(name)
        elif rest.split(".")[0] in HEADS:
            found.heads.append(name)
        else:
            found.strange[into + rest] = name
    _take_tied(found, inner, into)
    return found


def is_of_encoder(name: str, base: str) -> bool:
    """Whether a weight of a model belongs to its encoder: it stands below `base`, and is no pooler or other head."""
    return name.startswith(base) and name[len(base) :].split(".")[0] not in HEADS


def respell(name: str, expected: set[str], counts: Counter[str]) -> str:
    """The name in today's spelling; what was changed is counted."""
    if name in expected:
        return name
    for old, new, sentence in RENAMES:
        changed = re.sub(old, new, name)
        if changed != name:
            counts[sentence] += 1
            name = changed
    return name


def prefix_of(names: Iterable[str], expected: Iterable[str]) -> str:
    """What stands before the expected names, `""` when nothing does or when none occurs.

    Raises:
        ValueError: two prefixes lead to as many of them: the file holds two encoders.
    """
    wanted = set(expected)
    counts: Counter[str] = Counter()
    for name in names:
        start = 0
        while start >= 0:
            if name[start:] in wanted:
                counts[name[:start]] += 1
            dot = name.find(".", start)
            start = dot + 1 if dot >= 0 else -1
    if not counts:
        return ""
    (best, most), *others = counts.most_common()
    if rivals := [prefix for prefix, count in others if count == most]:
        raise ValueError(
            f"the file holds several encoders of these names, under {best!r} and under {rivals[0]!r}; keep the weights "
            "of one of them"
        )
    return best


def _take_tied(found: Names, inner: set[str], into: str) -> None:
    """Where the input embedding is missing, a head's copy of it, if the file has exactly one."""
    tables = [name for name in inner if name.endswith(("word_embeddings.weight", "word_embedding.weight"))]
    for table in tables:
        if into + table not in found.taken:
            copies = [name for name in found.heads if name.endswith(TIED)]
            if len(copies) == 1:
                found.taken[into + table] = copies[0]


def said(found: Names) -> list[str]:
    """What was renamed, in sentences."""
    sentences = [f"{sentence} ({count} names)" for sentence, count in sorted(found.respelt.items())]
    if found.prefix:
        sentences.append(f"the prefix {found.prefix} was removed ({len(found.taken)} names)")
    return sentences


def shapes_that_differ(
    found: Names, given: Mapping[str, tuple[int, ...]], expected: Mapping[str, tuple[int, ...]]
) -> list[str]:
    """`["embeddings.word_embeddings.weight is (21128, 128), expected (21128, 768)"]`."""
    return [
        f"{source} is {given[source]}, expected {expected[target]}"
        for target, source in found.taken.items()
        if given[source] != expected[target]
    ]

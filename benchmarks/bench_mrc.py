"""Cost of asking all types in one pass, against one pass per type: `python benchmarks/bench_mrc.py`.

Both models are ours, with the same encoder (BERT, random weights), and both are given the same texts. `one pass per
type` encodes `[CLS] question [SEP] text [SEP]` for every type, as the public flat-nested MRC systems do, with the
cheapest head there is (a start and an end score per character); `all types in one pass` encodes the text once, keeps
the questions' vectors, and pays for interaction and biaffine per type. Rounds are interleaved in one process; a figure
is the median of the ratios of processor time. With --biaffine the scores of all spans of 512 characters, forward
and backward, against equation 4 as it is written: one einsum, and a linear layer over the concatenated vectors of every
pair. With --memory the peak memory of biaffine scores, banded against full, each in a process of its own.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from transformers import BertConfig, set_seed

from hf_cner import CnerForQuestionAnswering, CnerMrcConfig

QUESTION = 18  # tokens of a question, special tokens included; those of CCKS-2017 have 15 to 18
VOCABULARY = 21128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--hidden", type=int, default=768)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--types", type=int, nargs="+", default=[5, 6, 9])
    parser.add_argument("--lengths", type=int, nargs="+", default=[128, 256])
    parser.add_argument("--biaffine", action="store_true", help="time the scorer alone")
    parser.add_argument("--memory", action="store_true", help="measure memory instead of time")
    parser.add_argument("--width", type=int, help="(internal) the band of one memory measurement")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.width is not None:
        print(peak_of_band(args.width))
    elif args.memory:
        memory()
    elif args.biaffine:
        biaffine(args.rounds)
    else:
        time_all(args)


def time_all(args: argparse.Namespace) -> None:
    print("| types | characters | inference, one pass per type ÷ ours | ÷ c | training |\n|---|---|---|---|---|")
    for types in args.types:
        for length in args.lengths:
            ours, theirs = (model_of(args, types, kind) for kind in ("separate", "joint"))
            ids = torch.randint(1000, VOCABULARY, (args.batch, length))
            labels = torch.tensor([[[3, 6, 0], [9, 14, types - 1]]] * args.batch)
            inference = ratio(args.rounds, predicting(theirs, ids), predicting(ours, ids))
            training = ratio(args.rounds, lambda: learn(theirs, ids, labels), lambda: learn(ours, ids, labels))  # noqa: B023
            print(f"| {types} | {length} | {inference:.2f} | {inference / types:.2f} | {training:.2f} |", flush=True)


def model_of(args: argparse.Namespace, types: int, interaction: str) -> CnerForQuestionAnswering:
    set_seed(0)
    encoder = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=args.hidden,
        num_hidden_layers=args.layers,
        num_attention_heads=args.hidden // 64,
        intermediate_size=4 * args.hidden,
    )
    names = [f"type {number}" for number in range(types)]
    config = CnerMrcConfig(
        encoder={"kind": "pretrained", "config": encoder.to_dict()},
        context={"kind": "none"},
        interaction={"kind": interaction},
        span_decoder={"kind": "biaffine" if interaction == "separate" else "pointers"},
        entity_types=names,
        queries={name: f"which {name}?" for name in names},
        query_ids={name: [101, *range(2000 + 50 * i, 1998 + 50 * i + QUESTION), 102] for i, name in enumerate(names)},
        non_unit_ids=[0, 101, 102],
    )
    return CnerForQuestionAnswering(config)


def predicting(model: CnerForQuestionAnswering, ids: torch.Tensor) -> Callable[[], None]:
    """A pass as a prediction makes it for each batch; what all batches share, the questions' vectors, is there."""
    with torch.no_grad():
        constant = model.eval().constant_inputs()

    def predict() -> None:
        with torch.no_grad():
            model(ids, **constant)

    return predict


def learn(model: CnerForQuestionAnswering, ids: torch.Tensor, labels: torch.Tensor) -> None:
    model.train()
    model.zero_grad(set_to_none=True)
    model(ids, labels=labels).loss.backward()


def ratio(rounds: int, slow: Callable[[], None], fast: Callable[[], None]) -> float:
    """Median over interleaved rounds of the first call's time divided by the second's; one round warms up."""
    found = []
    for _ in range(rounds + 1):
        times = []
        for call in (slow, fast):
            begin = time.process_time()
            call()
            times.append(time.process_time() - begin)
        found.append(times[0] / times[1])
    return statistics.median(found[1:])


def biaffine(rounds: int, length: int = 512, classes: int = 9, size: int = 150) -> None:
    """Times of the scores alone, of start and end vectors `(1, length, size)` that a feed-forward net gave."""
    from hf_cner.modeling.biaffine import BiaffineScorer

    set_seed(0)
    scorer = BiaffineScorer(size, classes, size=size)
    scorer.start, scorer.end = torch.nn.Identity(), torch.nn.Identity()
    linear = torch.nn.Linear(2 * size, classes)
    bilinear = scorer.weight[:-1, :, :-1].detach().clone().requires_grad_()
    with torch.no_grad():
        linear.weight.copy_(torch.cat([scorer.weight[:-1, :, -1].t(), scorer.weight[-1, :, :-1]], dim=1))
        linear.bias.copy_(scorer.weight[-1, :, -1])
    vectors = torch.randn(1, length, size, requires_grad=True)
    downstream = torch.randn(1, length, length, classes)  # the gradient of a loss

    def written() -> torch.Tensor:
        pairs = [vectors.unsqueeze(dim).expand(1, length, length, size) for dim in (2, 1)]
        products = torch.einsum("bsi,icj,bej->bsec", vectors, bilinear, vectors)
        return products + linear(torch.cat(pairs, dim=3))

    ends = torch.arange(length)
    full = scorer(vectors, length)
    paired = full.gather(2, (ends - ends[:, None]).clamp(min=0)[None, :, :, None].expand(1, length, length, classes))
    above = (ends >= ends[:, None])[None, :, :, None]
    torch.testing.assert_close(paired * above, written() * above, atol=1e-4, rtol=1e-4)
    slow = lambda: written().backward(downstream)  # noqa: E731
    print("| spans | equation as written ÷ ours, forward + backward |\n|---|---|")
    for width, name in ((length, "all"), (32, "up to 32 characters")):
        fast = lambda: scorer(vectors, width).backward(downstream[:, :, :width])  # noqa: B023, E731
        print(f"| {name} | {ratio(rounds, slow, fast):.1f} |", flush=True)


def memory() -> None:
    print("| band | peak memory above the vectors, MiB |\n|---|---|")
    for width, name in ((512, "full (512)"), (64, "64"), (32, "32")):
        command = [sys.executable, __file__, "--memory", "--width", str(width)]
        print(f"| {name} | {subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()} |")


def peak_of_band(width: int) -> int:
    """Peak memory in MiB of scores, loss and gradients at 512 characters, 9 types and batch 8."""
    from hf_cner.modeling.biaffine import BiaffineDecoder

    decoder = BiaffineDecoder(768, [f"type {number}" for number in range(9)], max_width=width)
    vectors = torch.randn(8, 512, 768, requires_grad=True)
    mask = torch.ones(8, 512, dtype=torch.bool)
    labels = torch.tensor([[[3, 6, 0], [9, 14, 8]]] * 8)
    decoder.loss(
        decoder(vectors[:1, :8], mask[:1, :8]), labels[:1, :1], mask[:1, :8]
    ).backward()  # libraries are loaded
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    decoder.loss(decoder(vectors, mask), labels, mask).backward()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024


if __name__ == "__main__":
    main()

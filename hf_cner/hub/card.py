"""A model card made from a run: the numbers come from the run, the sentences from the template."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import jinja2
import yaml

from .. import __version__
from ..data.models import AUTO_CLASSES
from ..data.shown import markdown_cell
from ..metrics.report import table
from ..settings.denied import recorded
from .metadata import card_data, check_card
from .run import Run, without_places

TEMPLATE = "model_card.md.jinja"
PACKAGE = """@software{hf_cner,
  title = {hf\\_cner: clinical named entity recognition for {Chinese} electronic medical records},
  author = {{The hf\\_cner authors}},
  version = {VERSION},
  license = {Apache-2.0}
}"""


@dataclass(frozen=True)
class About:
    """What a card says that is not in a run; all of it may be left out.

    Args:
        name: of the model; `repo`: its name on a Hub, as `organisation/name`.
        system: one sentence on the named system; `paper`: the paper that it follows.
        corpus: one sentence on the corpus; `corpus_licence`: its licence in one sentence; `corpus_citation`: BibTeX.
        licence: of the model, by the Hub's name; `base_model`: the Hub name of its encoder; `tags`: more of them.
    """

    name: str = "A clinical entity recogniser"
    repo: str = ""
    system: str = ""
    paper: str = ""
    corpus: str = ""
    corpus_licence: str = ""
    corpus_citation: str = ""
    licence: str = "other"
    base_model: str = ""
    tags: tuple[str, ...] = ()


def make_card(run: Run, about: About, *, picture: str | None = None, no_picture: str = "") -> str:
    """The card (`README.md`) of a model; its metadata have been checked.

    Args:
        picture: name of the picture of the training curve beside the card; without one, `no_picture` says why.

    Raises:
        RunError: figures that are missing or not finite.
    """
    results = without_places(run.results)
    data = results.get("data") or {}
    metrics = results["metrics"]
    types = run.config.get("entity_types") or []
    decoder = run.config.get("span_decoder") or {}
    # A question-answering model tags each type by itself, so mentions of two types may overlap.
    labels = (run.config.get("id2label") or {}).values()  # of a decoder that gives tags they are not the types
    tagger = run.config.get("model_type") == "cner" and set(labels) != set(types)
    metadata = card_data(run, name=about.name, licence=about.licence, base_model=about.base_model, more_tags=about.tags)
    settings = yaml.safe_dump(_settings(results), allow_unicode=True, sort_keys=False).strip()
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False)
    template = environment.from_string(resources.files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8"))
    text = template.render(
        metadata=str(metadata),
        name=markdown_cell(about.name),
        version=__version__,
        types=list(map(markdown_cell, types)) or ["entities"],
        system=about.system,
        corpus=markdown_cell(str(data.get("corpus") or "")),
        corpus_description=about.corpus,
        flat=tagger or decoder.get("decoding") == "flat",
        questions=[
            (markdown_cell(name), markdown_cell(question))
            for name in types
            if (question := (run.config.get("queries") or {}).get(name))
        ],
        asks_others=run.config.get("model_type") == "cner-mrc" and decoder.get("classes") != "all",
        address=about.repo or "path/to/this/folder",
        auto_class=AUTO_CLASSES.get(str(run.config.get("model_type")), AUTO_CLASSES["cner"]),
        data=_data(data),
        licence_note=about.corpus_licence,
        left_out=data.get("left_out_count", len(data.get("left_out") or [])),
        protocol=_sentence("Protocol: ", results.get("protocol")),
        tables=[{"title": part, "table": table(_marked_down(report))} for part, report in metrics.items()],
        chosen_on="dev" if results.get("best_epoch") and "dev" in metrics else "",
        training=_training(results),
        picture=picture,
        no_picture=no_picture or "There is no picture of the training curve.",
        settings=settings,
        fence=_fence(settings),
        hardware=_hardware(results),
        citations=[c.strip() for c in (PACKAGE.replace("VERSION", __version__), about.corpus_citation) if c],
        paper=_sentence("", about.paper),
    )
    check_card(text, run)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def _settings(results: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without places of files, and without what looks like a secret."""
    settings = {key: value for key, value in recorded(results.get("settings") or {}).items() if key != "output_dir"}
    if isinstance(data := settings.get("data"), dict):
        settings["data"] = {key: value for key, value in data.items() if key != "data_dir"}
    return settings


def _marked_down(report: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The figures with escaped names of types, which come from the data."""
    found = {name: dict(part) for name, part in report.items()}
    for part in found.values():
        if "per_type" in part:
            part["per_type"] = {markdown_cell(name): row for name, row in part["per_type"].items()}
    return found


def _fence(text: str) -> str:
    """A fence that nothing in the text closes: it is longer than every run of backticks there (CommonMark)."""
    return "`" * max([3, *(len(found) + 1 for found in re.findall(r"`{3,}", text))])


def _data(data: Mapping[str, Any]) -> str:
    """Parts with their numbers, and how they were drawn."""
    rows = [["corpus", markdown_cell(str(data.get("corpus") or "not recorded"))]]
    if data.get("fingerprint"):
        rows.append(["fingerprint of texts and entities", f"`{data['fingerprint']}`"])
    split = data.get("split") or {}
    if split.get("shares"):
        drawn = f"{split['shares']}, by record, seed {split.get('seed')}, hash `{split.get('hash')}`"
        rows.append(["split", drawn])
    if data.get("fold") is not None:
        rows.append(["fold held out as test", str(data["fold"])])
    for part, number in (data.get("documents") or {}).items():
        mentions = (data.get("entities") or {}).get(part)
        counted = f"{number:,} documents" + (f", {mentions:,} mentions" if mentions is not None else "")
        rows.append([part, counted])
    return _list(rows)


def _training(results: Mapping[str, Any]) -> str:
    said = []
    if results.get("epochs") is not None:
        best = results.get("best_epoch")
        kept = f"; the best on dev, number {best:g}, was kept" if best is not None else ""
        said.append(f"{results['epochs']:g} epoch{'' if results['epochs'] == 1 else 's'}{kept}.")
    if results.get("parameters"):
        said.append(f"{results['parameters']:,} parameters.")
    if results.get("seed") is not None:
        said.append(f"Seed {results['seed']}.")
    said += [_labelled(results["entities"])] if (results.get("entities") or {}).get("lost") is not None else []
    versions = [f"{package} {number}" for package, number in (results.get("versions") or {}).items()]
    said += ["Software: " + ", ".join(versions) + "."] if versions else []
    return " ".join(said) or "Nothing was recorded."


def _labelled(entities: Mapping[str, Any]) -> str:
    """How many mentions the decoder or the windows cannot hold, and why."""
    lost = entities["lost"]
    reasons = [f"{count:,} {reason}" for reason, count in (entities.get("lost_by_scheme") or {}).items()]
    if by_window := entities.get("lost_by_window"):
        reasons.append(f"{by_window:,} cut by every window")
    outcome = "every one has a label"
    if lost:
        outcome = f"{lost:,} {'has' if lost == 1 else 'have'} no label" + (
            f" ({', '.join(reasons)})" if reasons else ""
        )
    return f"Of {entities.get('entities', 0):,} mentions in the training part, {outcome}."


def _hardware(results: Mapping[str, Any]) -> str:
    """Machine, duration and energy, as far as they were measured."""
    found = results.get("hardware") or {}
    rows = []
    if found.get("accelerator"):
        rows.append(["accelerator", f"{found['accelerator']} × {found.get('accelerators', 1)}"])
    elif found:
        rows.append(["accelerator", "none"])
    if found.get("cores"):
        threads = f", {found['threads']} of them used" if found.get("threads") else ""
        rows.append(["CPU", f"{found.get('machine', '')}, {found['cores']} cores{threads}"])
    seconds = (results.get("seconds") or {}).get("total")
    rows.append(["duration, evaluation and saving included", _duration(seconds)])
    rows.append(["energy", _energy(results.get("energy") or {})])
    return _list(rows)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "not measured"
    minutes, rest = divmod(round(seconds), 60)
    hours = f"{minutes // 60} h " if minutes >= 60 else ""
    return f"{seconds:.0f} s" if seconds < 120 else f"{hours}{minutes % 60} min {rest} s"


def _energy(energy: Mapping[str, Any]) -> str:
    joules = energy.get("joules")
    if joules is None:
        return "not measured"
    return f"{joules / 3.6e6:.4g} kWh ({energy.get('source', 'source not recorded')})"


def _list(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in rows)


def _sentence(beginning: str, text: object) -> str:
    return f"{beginning}{str(text).strip().rstrip('.')}." if text else ""


def readable_name(folder: str | os.PathLike[str]) -> str:
    """The name of a folder, for a model without a name on a Hub."""
    return os.path.basename(os.path.abspath(folder))

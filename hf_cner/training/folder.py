"""The folder of a run: what stands in it, whether it may be used, and how its files come to be whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..data.files import atomic_write
from ..settings.reading import read_settings_file
from ..settings.yaml_text import dump_yaml

SETTINGS, RESULTS, LOG, SPLIT = "settings.yaml", "results.json", "training_log.json", "split.json"
SAVING = "saving.tmp"


class OtherRun(ValueError):
    """A folder holds a run that began with other settings or data."""


class RunFolder:
    """The folder of one run.

    `settings.yaml` and `split.json` are written before the training, `results.json` is written last: with it a run is
    finished. Checkpoints stand in `checkpoint-<step>` meanwhile, the final model in the folder itself.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser()

    def finished(self) -> bool:
        """Whether a run came to its end here."""
        return (self.path / RESULTS).is_file()

    def check(self, *, resume: bool, overwrite: bool) -> None:
        """See whether a run may be made here; nothing is changed.

        Raises:
            ValueError: a file of that name, or a run that may neither be resumed nor overwritten.
        """
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"{self.path} is a file; output_dir must be a folder.")
        if overwrite:
            return
        if self.finished():
            raise ValueError(
                f"{self.path} holds a finished run; choose another output_dir, or overwrite it (--overwrite)."
            )
        if not resume and ((self.path / SETTINGS).is_file() or any(self.path.glob("checkpoint-*"))):
            raise ValueError(
                f"{self.path} holds a run that was cut off; go on with it (--resume), or overwrite it (--overwrite)."
            )

    def begin(
        self,
        settings: Mapping[str, Any],
        split: Mapping[str, Any],
        *,
        inputs: Mapping[str, str],
        overwrite: bool = False,
        complete: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    ) -> None:
        """Write down what the run depends on, or see that a resumed run still depends on the same.

        Args:
            inputs: fingerprints of what some of the settings name, see `inputs_of`; where it lies does not matter.
            complete: settings with the defaults of what is not in them; a setting that an older version did not have is
                no difference.

        Raises:
            OtherRun: other settings, data, inputs or another split than those the run began with.
        """
        if overwrite:
            self._clear()
        self.path.mkdir(parents=True, exist_ok=True)
        before = self.read_settings()
        if before is not None and (self.path / SPLIT).is_file():
            self._compare(
                complete(before),
                json.loads(json.dumps(complete(settings))),
                json.loads(json.dumps(dict(split))),
                inputs,
            )
            return
        with atomic_write(self.path / SETTINGS) as stream:
            stream.write(dump_yaml(settings))
        self.write_json(SPLIT, {**split, "inputs": dict(inputs)})

    def _compare(
        self, before: Mapping[str, Any], now: Mapping[str, Any], split: Mapping[str, Any], inputs: Mapping[str, str]
    ) -> None:
        began = json.loads((self.path / SPLIT).read_text(encoding="utf-8"))
        read = began.pop("inputs", None)  # of a run of an older version nothing is known of them
        moved = {name for name in inputs if read is not None and inputs[name] == read.get(name)}
        if changed := sorted(differences(before, now) - moved):
            raise OtherRun(
                f"The run in {self.path} began with other settings ({', '.join(changed)}); a run goes on with the "
                "settings that it began with. Restore them, or overwrite the run (--overwrite)."
            )
        if began != split:
            raise OtherRun(f"The run in {self.path} began with other data; overwrite it (--overwrite).")
        if read is not None and (other := sorted(set(inputs) - moved)):
            raise OtherRun(
                f"The run in {self.path} began with another content of {', '.join(other)}: what lies there was changed "
                "since. Restore it, or overwrite the run (--overwrite)."
            )

    def read_settings(self) -> dict[str, Any] | None:
        """The settings that the run began with; None where none began."""
        path = self.path / SETTINGS
        return read_settings_file(path, literal=True) if path.is_file() else None

    def read_results(self) -> dict[str, Any]:
        """The results of a finished run."""
        results: dict[str, Any] = json.loads((self.path / RESULTS).read_text(encoding="utf-8"))
        return results

    def write_json(self, name: str, value: Any) -> None:
        """Write one file, whole or not at all."""
        with atomic_write(self.path / name) as stream:
            json.dump(value, stream, ensure_ascii=False, indent=2)
            stream.write("\n")

    def adopt(self, saved: Path) -> None:
        """Move the files of a finished save into the folder; each appears whole."""
        for path in sorted(saved.rglob("*")):
            if path.is_file():
                target = self.path / path.relative_to(saved)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, target)
        shutil.rmtree(saved)

    def drop_checkpoints(self) -> None:
        """Remove the checkpoints of a run that is finished: the best of them is the final model."""
        for path in self.path.glob("checkpoint-*"):
            shutil.rmtree(path)

    def _clear(self) -> None:
        """Remove what a run writes, and nothing else."""
        self.drop_checkpoints()
        shutil.rmtree(self.path / SAVING, ignore_errors=True)
        for fold in self.path.glob("fold-*"):
            RunFolder(fold)._clear()
        for name in (RESULTS, SETTINGS, SPLIT, LOG, "config.json", "model.safetensors", "training_args.bin"):
            (self.path / name).unlink(missing_ok=True)


def differences(before: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> set[str]:
    """Dotted names of the settings that differ; where the run lies does not matter."""
    found = set()
    for key in {*before, *now} - {"output_dir"}:
        old, new = before.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found |= differences(old, new, f"{path}{key}.")
        elif old != new:
            found.add(f"{path}{key}")
    return found

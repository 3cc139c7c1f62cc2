"""Energy of the processor while a model is trained, where the machine has readable counters.

transformers' `CodeCarbonCallback` writes its figure to a file of its own in the run's folder, does not count building
and the last evaluation, asks a web service where the machine is, and estimates what it cannot read. The figure in
`results.json` is measured.
"""

from __future__ import annotations

from pathlib import Path

from transformers import TrainerCallback

from .events import Moment, event

POWERCAP = Path("/sys/class/powercap")
SOURCE = "RAPL counters of processor and memory; an accelerator is not counted"


class EnergyMeter(TrainerCallback):
    """Adds up the counters of RAPL (Linux on Intel and AMD) from its construction on.

    They count microjoules and start again from 0 after some kilojoules, so they are read at every step. Most systems
    let only an administrator read them; then there is no result.

    Args:
        root: folder of the kernel's counters.
    """

    def __init__(self, root: Path = POWERCAP) -> None:
        self._microjoules = 0
        self._limits = _counters(root)
        self._last = _read(self._limits)

    def result(self) -> dict[str, float | str] | None:
        """`joules` until now and their `source`; None where nothing could be measured."""
        self.sample()
        return None if self._last is None else {"joules": self._microjoules / 1e6, "source": SOURCE}

    def sample(self) -> None:
        """Read the counters."""
        now = None if self._last is None else _read(self._limits)
        if self._last is not None and now is not None:
            for counter, limit in self._limits.items():
                step = now[counter] - self._last[counter]
                self._microjoules += step if step >= 0 else step + limit
        self._last = now

    @event
    def on_step_end(self, now: Moment) -> None:
        self.sample()

    @event
    def on_prediction_step(self, now: Moment) -> None:
        self.sample()


def _counters(root: Path) -> dict[Path, int]:
    """The counters of processor packages and of memory, each with the value after which it starts again from 0."""
    found = {}
    for zone in sorted(root.glob("intel-rapl:*")):
        try:
            name = (zone / "name").read_text().strip()
            if name.startswith("package") or name == "dram":
                found[zone / "energy_uj"] = int((zone / "max_energy_range_uj").read_text())
        except (OSError, ValueError):
            continue  # a zone without counters
    return found


def _read(counters: dict[Path, int]) -> dict[Path, int] | None:
    try:
        return {path: int(path.read_text()) for path in counters} or None
    except (OSError, ValueError):
        return None

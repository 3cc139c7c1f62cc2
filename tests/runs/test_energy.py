"""Energy by the kernel's counters, on invented ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_cner.runs.energy import SOURCE, EnergyMeter


def zone(root: Path, name: str, label: str, value: int, limit: int = 1000) -> Path:
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in (("name", label), ("energy_uj", value), ("max_energy_range_uj", limit)):
        (folder / file).write_text(f"{content}\n")
    return folder / "energy_uj"


def test_packages_and_memory_are_added_up_over_wraps(tmp_path: Path) -> None:
    package = zone(tmp_path, "intel-rapl:0", "package-0", 900)
    memory = zone(tmp_path, "intel-rapl:0:1", "dram", 10)
    core = zone(tmp_path, "intel-rapl:0:0", "core", 0)
    zone(tmp_path, "intel-rapl:1", "psys", 5)
    meter = EnergyMeter(tmp_path)
    for value in (990, 60, 30):  # +90, +70 over the limit, +970
        package.write_text(str(value))
        meter.sample()
    memory.write_text("15")
    core.write_text("700")
    assert meter.result() == {"joules": pytest.approx((90 + 70 + 970 + 5) / 1e6), "source": SOURCE}


def test_nothing_is_said_where_nothing_is_measured(tmp_path: Path) -> None:
    assert EnergyMeter(tmp_path / "none").result() is None
    package = zone(tmp_path, "intel-rapl:0", "package-0", 1)
    (tmp_path / "intel-rapl:1").mkdir()
    meter = EnergyMeter(tmp_path)
    package.unlink()
    assert meter.result() is None and meter.result() is None, "a counter that goes away takes the figure with it"

"""What the two constraints files pin is what setup.cfg asks for: a lowest version that was never tried is a guess."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LOWEST_EXTRAS = ("peft", "plots", "test")
EXCEPTIONS = {"torch", "pytest"}  # the file's head says why
MARKERS = ({"python_full_version": "3.10.0"}, {"python_full_version": "3.11.0"}, {"python_full_version": "3.12.0"})


def requirements() -> dict[str, list[Requirement]]:
    """What setup.cfg asks for, by extra; `install_requires` under ''."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    asked = {"": parser["options"]["install_requires"], **parser["options.extras_require"]}
    return {extra: [Requirement(line) for line in lines.split("\n") if line.strip()] for extra, lines in asked.items()}


def pins(name: str, environment: dict[str, str]) -> dict[str, Version]:
    lines = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    found = [Requirement(line) for line in lines if line]
    return {
        plain(pin.name): Version(str(pin.specifier).removeprefix("=="))
        for pin in found
        if pin.marker is None or pin.marker.evaluate(environment)
    }


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("environment", MARKERS, ids=lambda environment: environment["python_full_version"])
def test_the_lowest_versions_are_the_ones_that_are_tried(environment: dict[str, str]) -> None:
    pinned = pins("constraints-lowest.txt", environment)
    for requirement in [r for extra in ("", *LOWEST_EXTRAS) for r in requirements()[extra]]:
        name = plain(requirement.name)
        lowest = Version(str(requirement.specifier).removeprefix(">="))
        assert pinned[name] in requirement.specifier
        if name not in EXCEPTIONS:
            assert pinned[name].release[: len(lowest.release)] == lowest.release, f"{name}: {pinned[name]}"


@pytest.mark.parametrize("environment", MARKERS, ids=lambda environment: environment["python_full_version"])
def test_the_newest_versions_are_allowed(environment: dict[str, str]) -> None:
    pinned = pins("constraints.txt", environment)
    for extra, asked in requirements().items():
        for requirement in asked:
            if requirement.name != "hf-cner":
                assert pinned[plain(requirement.name)] in requirement.specifier, (extra, requirement.name)

"""What other projects test of their own models, run on ours: `make peers`. Not collected otherwise.

`expected.py` lists every test that does not pass, with its reason. A test that fails or is skipped without standing
there fails, and so does one that stands there and passes. The tests of a source that `fetch.py` could not fetch are
skipped with its sentence.
"""

from __future__ import annotations

import os
import re
import sys
import types
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from expected import expectation
from fetch import COMMON, place

FOLDER = os.environ.get("HF_CNER_PEERS", "")
# What transformers' common tests import from files that its source distribution leaves out.
LEFT_OUT = {
    "exporters.test_export": {"ExportTesterMixin": type("ExportTesterMixin", (), {})},
    "generation.test_utils": {"GenerationTesterMixin": type("GenerationTesterMixin", (), {})},
    "utils.test_configuration_utils": {"config_common_kwargs": {}},
}

collect_ignore_glob = [] if FOLDER else ["test_*.py"]
if FOLDER:
    sys.path.insert(0, str(place(Path(FOLDER), COMMON).parent))
    for name, content in LEFT_OUT.items():
        module = types.ModuleType(f"transformers_tests.{name}")
        vars(module).update(content)
        sys.modules[f"transformers_tests.{name.partition('.')[0]}"] = types.ModuleType(name)
        sys.modules[module.__name__] = module


def pytest_configure(config: pytest.Config) -> None:
    """Their marks and warnings are theirs."""
    if not FOLDER:
        return
    import transformers.testing_utils

    config.addinivalue_line("filterwarnings", "ignore")
    for path in (Path(transformers.testing_utils.__file__), *place(Path(FOLDER), COMMON).glob("*.py")):
        for mark in set(re.findall(r"mark\.(\w+)", path.read_text(encoding="utf-8"))):
            config.addinivalue_line("markers", f"{mark}: of transformers")


OUTCOMES = pytest.StashKey[set[str]]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, None]:
    """Hold each test, all its subtests together, against the table; what is not as it says fails in the teardown."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    outcomes = item.stash.setdefault(OUTCOMES, set())
    expected, reason = expectation(item.nodeid.partition("tests/peers/")[2])
    if report.when != "teardown":
        outcomes.add(report.outcome)
        if report.failed and expected == "failed":
            report.outcome, report.wasxfail = "skipped", reason  # type: ignore[attr-defined]
        return
    found = next((worst for worst in ("failed", "skipped") if worst in outcomes), "passed")
    if found != expected and not (found == "failed" or report.failed):  # a failure shows itself
        report.longrepr = f"{item.nodeid} {found} where it should have {expected}: {reason}"
        report.outcome = "failed"

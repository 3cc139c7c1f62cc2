"""A reproduction replaces no report that it did not write, and two do not write one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from small_tables import request

from hf_cner.data.kept import LOCK
from hf_cner.data.locks import Held
from hf_cner.data.problems import DataError
from hf_cner.reproduction.output import held_output


@pytest.mark.parametrize("name", ["p4-table2.md", "p4-table2.json", "p4-table2-models.png"])
def test_somebody_elses_file_is_not_replaced(tmp_path: Path, name: str) -> None:
    asked = request(tmp_path)
    asked.output_dir.mkdir(exist_ok=True)
    if name.endswith(".png") and not any(name == f"p4-table2-{what}.png" for what in asked.table.figures):
        name = f"p4-table2-{asked.table.figures[0]}.png"
    (asked.output_dir / name).write_text("{}")
    with pytest.raises(DataError, match=rf"{name}: found a file that no reproduction wrote"), held_output(asked):
        raise AssertionError("nothing begins")
    assert [path.name for path in asked.output_dir.iterdir()] == [name]


def test_reports_of_this_and_of_older_versions_are_its_own(tmp_path: Path) -> None:
    asked = request(tmp_path)
    with held_output(asked):
        with pytest.raises(Held, match="is being written by this process"), held_output(asked):
            raise AssertionError("nothing begins")
        (asked.output_dir / "p4-table2.json").write_text("damaged")
    with held_output(asked):
        assert (asked.output_dir / LOCK).exists()
    (asked.output_dir / ".hf-cner.json").unlink()
    (asked.output_dir / "p4-table2.json").write_text(json.dumps({"table": {}, "rows": [], "made": {}}))
    (asked.output_dir / "p4-table2.md").write_text("old")
    with held_output(asked):
        pass


def test_a_report_is_never_an_input(tmp_path: Path) -> None:
    asked = request(tmp_path)
    with held_output(asked):
        pass
    asked = dataclasses.replace(asked, unlabelled=(str(asked.output_dir / "p4-table2.md"),))
    with pytest.raises(DataError, match="found the name of another file"), held_output(asked):
        raise AssertionError("nothing begins")
    (asked.output_dir / "p4-table2.md").write_text("notes")
    with pytest.raises(DataError, match="found a file that is also read"), held_output(asked):
        raise AssertionError("nothing begins")

"""Settings from a YAML file and from `key=value` texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .merging import merge
from .yaml_text import DEEPEST, LARGEST, Value, YamlFault, parse_yaml

Plain = dict[str, Value]


def read_settings_file(path: Path | str, *, literal: bool = False) -> Plain:
    """Settings of a YAML file.

    Args:
        literal: whether a text may hold `${`: only in a file that a run wrote.

    Raises:
        ValueError: no such file, broken YAML, or YAML that is no section of settings; the sentence names the line.
    """
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(4 * LARGEST + 1)
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise ValueError(f"There is no configuration file {path}.") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file in UTF-8: {error.reason} at byte {error.start}.") from None
    except OSError as error:
        raise ValueError(f"{path} is not a YAML file of settings: {error.strerror or error}.") from error
    try:
        found = parse_yaml(text, literal=literal)
    except YamlFault as fault:
        raise ValueError(f"{path}:{fault.line} is not a YAML file of settings: {fault}.") from None
    if not isinstance(found, dict):
        kind = "nothing" if found is None else f"a {type(found).__name__}"
        raise ValueError(f"{path} holds {kind}; a file of settings holds `key: value` lines.")
    return found


def parse_assignments(assignments: Sequence[str], *, option: str = "--set") -> Plain:
    """`["model.context.hidden_size=64"]` as nested settings; errors name the `option`.

    Raises:
        ValueError: no `=`, a key with an empty part, or a value that is not YAML.
    """
    settings: Plain = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        keys = name.strip().split(".")
        if not equals or not all(key.strip() for key in keys):
            raise ValueError(f"{option} takes key=value, as in training.num_train_epochs=3; found {assignment!r}.")
        try:
            if len(keys) > DEEPEST:
                raise YamlFault(f"found a key of {len(keys):,} parts; expected at most {DEEPEST}", 1)
            if "${" in name:
                raise YamlFault("write the key out: settings are not interpolated", 1)
            value = parse_yaml(text, comments=False)
        except YamlFault as fault:
            raise ValueError(f"{option} {assignment!r} cannot be read: {fault}.") from None
        for key in reversed(keys):
            value = {key.strip(): value}
        assert isinstance(value, dict)
        settings = merge(settings, value)
    return settings

"""Reading our own YAML files, with libyaml where PyYAML has it: ten times as fast as in Python."""

from __future__ import annotations

from typing import Any

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """Return what ``text`` says, made of plain values only.

    For files of this installation: text from elsewhere (an import) goes through
    ``yaml.safe_load``, which ends in an exception and not in the process when it is nested
    without end.

    Raises:
        yaml.YAMLError: It is no YAML; the message tells line and column.
    """
    return yaml.load(text, Loader=_Loader)

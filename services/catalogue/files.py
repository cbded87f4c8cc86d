"""Reading data files: YAML in, models out, errors that name file and field."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from services.yaml_files import read_yaml

M = TypeVar("M", bound=BaseModel)


class DataFileError(ValueError):
    """A data file that cannot be used; the message names the file and what is wrong in it."""


def read(path: Path, model: type[M]) -> M:
    """Read one YAML file.

    Raises:
        DataFileError: Missing, no YAML, or not of the model's shape.
    """
    try:
        data = read_yaml(path.read_text("utf-8"))
        return model.model_validate(data)
    except OSError:
        raise DataFileError(f"{path.name}：读不到文件 {path}") from None
    except yaml.YAMLError as error:
        raise DataFileError(f"{path.name}：不是合法的 YAML：{error}") from None
    except ValidationError as error:
        details = "；".join(
            f"{'.'.join(str(p) for p in e['loc'])} {e['msg']}" for e in error.errors()[:20]
        )
        raise DataFileError(f"{path.name}：{details}") from None

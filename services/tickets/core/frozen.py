"""Changing values that do not change: a copy with other values of some fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def changed(value: T, changes: Mapping[str, Any]) -> T:
    """Return a frozen dataclass with other values of some fields.

    The same as ``dataclasses.replace``, which sets all fields one by one: every event of every
    ticket comes through here. Only for classes without slots and without a ``__post_init__``.

    Raises:
        TypeError: It has no such field.
    """
    stood = vars(value)
    if unknown := changes.keys() - stood.keys():
        raise TypeError(f"{type(value).__name__} has no fields {sorted(unknown)}")
    new = object.__new__(type(value))
    vars(new).update(stood)
    vars(new).update(changes)
    return new

"""A refusal is the same one in every process that it comes through."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest

from services.db.engine import DatabaseAway
from services.errors import LindaError
from services.training.archives import ArchiveBroken

ERRORS = (
    LindaError("version_conflict", "这一单别人刚改过，请刷新。", 409, {"version": 3}),
    DatabaseAway(),
    ArchiveBroken("0123456789abcdef"),
)


def refuse(number: int) -> None:
    """Raise one of the refusals, in whichever process this runs."""
    raise ERRORS[number]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_copy_says_the_same(error: LindaError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), copy.status, copy.body()) == (str(error), error.status, error.body())


def test_a_refusal_comes_out_of_another_process() -> None:
    """A process pool that cannot read the refusal of its worker would lose which one it was."""
    with ProcessPoolExecutor(1) as pool, pytest.raises(DatabaseAway) as caught:
        pool.submit(refuse, 1).result()
    assert caught.value.status == 503

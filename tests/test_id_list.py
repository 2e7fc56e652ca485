"""The ids of a whole source are held once each and in order, in eight bytes each."""

import random
import tracemalloc
from array import array

from directory.id_list import IdList


def test_ids_come_once_and_in_order_however_they_were_given() -> None:
    rng = random.Random(7)
    ids = [rng.randrange(5_000) for _ in range(10_000)]
    held = IdList(iter(ids))
    assert list(held) == sorted(set(ids))
    assert [each for batch in held.batches(500) for each in batch] == sorted(set(ids))
    assert max(map(len, held.batches(500))) == 500
    assert [each in held for each in range(-1, 5_001)] == [each in set(ids) for each in range(-1, 5_001)]


def test_no_ids_are_no_batches() -> None:
    assert not IdList()
    assert list(IdList().batches(500)) == []


def test_ids_in_no_order_take_little_memory_while_they_are_put_in_order() -> None:
    given = array("q", range(200_000))
    random.Random(7).shuffle(given)
    tracemalloc.start()
    held = IdList(given)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert list(held) == list(range(200_000))
    assert most < 50 * 200_000  # bytes; a set of them alone takes 80 each

from itertools import combinations

from labs_lib.labs.prepare.matches.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def by_sets(rows):
    sets = {}
    for name, label in rows:
        sets.setdefault(name, []).append(label)
    pairs = [a == b for labels in sets.values() for a, b in combinations(labels, 2)]
    return [sum(pairs), len(pairs) - sum(pairs)]


def test_ex1():
    assert_exercise(lab.ex1, right=[(by_sets,)], wrong={}, stub=(stub,))


def kept_by_loop(pairs):
    lost = 0
    for a, b in pairs:
        for name in a:
            if a[name] not in ("", None) and a[name] == b[name]:
                break
        else:
            lost += 1
    return lost / max(len(pairs), 1)


def only_complete(pairs):
    """Leaves pairs with a gap out: that is not the mistake of letting gaps match."""
    full = [(a, b) for a, b in pairs if all([*a.values(), *b.values()])]
    return kept_by_loop(full)


def test_ex2():
    wrong = {None: (only_complete,)}
    assert_exercise(lab.ex2, right=[(kept_by_loop,)], wrong=wrong, stub=(stub,))

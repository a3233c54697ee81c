import numpy as np
import pandas as pd
import pytest

from labs_lib import data
from labs_lib.labs.prepare.explore import exercises as explore
from labs_lib.labs.prepare.explore.exercises import lab
from labs_lib.prepare.quality.columns import DISGUISED
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def by_mask(values):
    text = values.dropna().astype(str)
    bare = text.str.strip()
    return {
        "null": values.isna().sum(),
        "empty": (text == "").sum(),
        "blank": (bare == "").sum() - (text == "").sum(),
        "disguised": bare.str.upper().isin(DISGUISED).sum(),
    }


def by_loop(values):
    counts = dict.fromkeys(("null", "empty", "blank", "disguised"), 0)
    for value in values:
        if pd.isna(value):
            counts["null"] += 1
        elif value == "":
            counts["empty"] += 1
        elif not value.strip():
            counts["blank"] += 1
        elif value.strip().upper() in DISGUISED:
            counts["disguised"] += 1
    return counts


def changed(**counts):
    return lambda values: by_loop(values) | counts


def as_text(values):
    bare = pd.Series([str(v) for v in values]).str.strip()
    return by_loop(values) | {"disguised": bare.str.upper().isin(DISGUISED).sum()}


def without(method):
    def count(values):
        text = values.dropna().astype(str)
        text = text if method == "strip" else text.str.strip()
        text = text if method == "upper" else text.str.upper()
        return by_loop(values) | {"disguised": text.isin(DISGUISED).sum()}

    return count


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(by_mask,), (by_loop,)],
        wrong={
            "keys": (lambda values: values.isna().sum(),),
            "null_only": (changed(empty=0, blank=0, disguised=0),),
            "null_as_text": (as_text,),
            "case": (without("upper"),),
            "strip": (without("strip"),),
            "blank_is_empty": (changed(blank=3),),
            "other": (changed(null=0),),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize("counts", [{"empty": 3}, {"empty": 3, "blank": 0}, {"blank": 3}])
def test_ex1_names_empty_and_blank_mixed_up(counts):
    assert lab.ex1.check(changed(**counts)).misconception == "blank_is_empty"


def robust(values):
    five, ninety_five = np.percentile(values, [5, 95])
    deviation = np.clip(values, five, ninety_five).std(ddof=1)
    return [np.median(values) - 5 * deviation, np.median(values) + 5 * deviation]


def by_sorting(values):
    ordered = np.sort(values)
    few = len(values) // 20
    ordered[:few], ordered[len(values) - few :] = ordered[few], ordered[-few - 1]
    return tuple(np.median(values) + sign * 5 * ordered.std() for sign in (-1, 1))


def test_ex2():
    around = explore._around
    assert_exercise(
        lab.ex2,
        right=[(robust,), (by_sorting,)],
        wrong={
            "pair": (lambda values: np.clip(values, *robust(values)),),
            "plain": (around(np.median, np.std),),
            "trimmed": (around(np.median, explore._trimmed),),
            "mean": (around(np.mean, explore._clipped),),
            "three": (around(np.median, explore._clipped, 3),),
            "other": (lambda values: (values.min(), values.max()),),
        },
        stub=(stub,),
    )


def by_middle(n, low, high, gain):
    middle, half = (low + high) / 2, (high - low) / 2
    return n * (half / (middle - gain)) ** 2


def by_ends(n, low, high, gain):
    return int(np.ceil(n * (high - low) ** 2 / (high + low - 2 * gain) ** 2))


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(by_middle,), (by_ends,)],
        wrong={
            "no_gain": (lambda n, low, high, gain: by_middle(n, low, high, 0),),
            "linear": (lambda *pilot: np.sqrt(by_middle(*pilot) * pilot[0]),),
            "root": (lambda *p: p[0] * (by_middle(*p) / p[0]) ** 0.25,),
            "full_width": (lambda *pilot: 4 * by_middle(*pilot),),
            "inverse": (lambda *pilot: pilot[0] ** 2 / by_middle(*pilot),),
            "other": (lambda n, low, high, gain: 7.0,),
        },
        stub=(stub,),
    )


KNOWN = {"airbag", "seatbelt", "frontal", "yearVeh"}

EITHER = lab.ex4._judge.either


def test_ex4():
    assert_exercise(
        lab.ex4,
        right=[
            (KNOWN,),
            (sorted(KNOWN | EITHER),),
            (KNOWN | {"deploy", "dvcat"},),
        ],
        wrong={
            "target": (KNOWN | {"dead"},),
            "injury": (KNOWN | {"injSeverity"},),
            "weight": (KNOWN | {"weight"},),
            "case": (KNOWN | {"caseid"},),
            "strict": ({"seatbelt"},),
        },
        stub=(...,),
    )


def test_ex4_knows_every_column():
    columns = set(data.load_crashes().columns) - {"dead"}
    assert columns == KNOWN | EITHER | {"injSeverity", "weight", "caseid"}

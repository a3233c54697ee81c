import numpy as np
import pandas as pd
import pytest

from labs_lib import data
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


def disguises(read):
    def count(values):
        return by_loop(values) | {"disguised": sum(map(read, values))}

    return count


def as_text(value):
    return str(value).strip().upper() in DISGUISED


def holds_one(value):
    return isinstance(value, str) and any(d in value.upper() for d in DISGUISED)


def begins_with_one(value):
    return isinstance(value, str) and value.upper().startswith(tuple(DISGUISED))


def of_my_list(value):
    return value in ("?", "unknown", "Unknown", " N/A ", "-")


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
        right=[
            (by_mask,),
            (by_loop,),
            (lambda values: pd.Series(by_mask(values)),),
            (lambda values: {k: np.array([n]) for k, n in by_loop(values).items()},),
        ],
        wrong={
            "keys": (lambda values: {"null": values.isna().sum()},),
            "null_only": (changed(empty=0, blank=0, disguised=0),),
            "null_as_text": (disguises(as_text),),
            "inside": (disguises(holds_one),),
            "case": (without("upper"),),
            "strip": (without("strip"),),
            "blank_is_empty": (changed(blank=3),),
            "other": (changed(null=0),),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (disguises(begins_with_one), "inside"),
        (disguises(of_my_list), "other"),
        (lambda values: by_loop(values.drop_duplicates()), "other"),
        (lambda values: by_loop(values[values.str.len() > 1]), "other"),
    ],
)
def test_ex1_tells_mistakes_apart(answer, mistake):
    assert lab.ex1.check(answer).misconception == mistake


@pytest.mark.parametrize("counts", [{"empty": 3}, {"empty": 3, "blank": 0}, {"blank": 3}])
def test_ex1_names_empty_and_blank_mixed_up(counts):
    assert lab.ex1.check(changed(**counts)).misconception == "blank_is_empty"


CAR = {"airbag", "yearVeh", "seatbelt", "frontal", "abcat", "deploy"}


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(CAR,), (sorted(CAR),), (CAR | {"yearacc"},)],
        wrong={
            "target": (CAR | {"dead"},),
            "injury": (CAR | {"injSeverity"},),
            "survey": (CAR | {"weight"},),
            "speed": (CAR | {"dvcat"},),
            "person": (CAR | {"sex", "ageOFocc"},),
            "strict": ({"seatbelt"},),
        },
        stub=(...,),
    )


def test_ex2_knows_every_column():
    assert set(lab.ex2._judge.options) == set(data.load_crashes().columns)


def test_ex2_tells_the_survey_before_the_rest():
    assert lab.ex2.check(CAR | {"caseid", "sex"}).misconception == "survey"

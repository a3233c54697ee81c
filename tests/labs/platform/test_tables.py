import math

import numpy as np
import pandas as pd

from labs_lib.labs.platform.tables.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def in_blocks(sizes, kept, strong):
    """The same by reading on until a block is full."""
    blocks, left = 1, 4096
    for size in sizes:
        while size > left:
            size, blocks, left = size - left, blocks + 1, 4096
        left -= size
    return blocks * (1 if strong else 0.5)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (in_blocks,),
            (lambda sizes, kept, strong: np.float64(in_blocks(sizes, kept, strong)),),
        ],
        wrong={
            "kept_only": (
                lambda sizes, kept, strong: in_blocks(
                    [size for size, is_kept in zip(sizes, kept, strict=True) if is_kept],
                    kept,
                    strong,
                ),
            ),
            "thousands": (
                lambda sizes, kept, strong: (
                    max(1, math.ceil(sum(sizes) / 4000)) / (2 - bool(strong))
                ),
            ),
            None: (lambda sizes, kept, strong: 0.5,),
        },
        stub=(stub,),
    )


# Exercise 2 --------------------------------------------------------------------------------

ONCE = {
    "UpdateExpression": "ADD cents :cents, done :ids",
    "ConditionExpression": "NOT contains(done, :id)",
}


def changed(update=ONCE["UpdateExpression"], condition=ONCE["ConditionExpression"]):
    request = {"UpdateExpression": update}
    return request | ({"ConditionExpression": condition} if condition else {})


def test_ex2():
    right = [
        ONCE,
        changed(condition="attribute_not_exists(done) OR (NOT contains(done, :id))"),
        {
            "UpdateExpression": "ADD #c :cents, #d :ids",
            "ConditionExpression": "not contains(#d, :id)",
            "ExpressionAttributeNames": {"#c": "cents", "#d": "done"},
        },
        pd.Series(ONCE),
    ]
    wrong = {
        "form": ONCE["UpdateExpression"],
        "refused": changed("ADD cents"),
        "never": changed(condition="contains(done, :id)"),
        "new": changed("SET cents = cents + :cents ADD done :ids"),
        "twice": changed(condition=None),
        "only_one": changed(condition="attribute_not_exists(card)"),
        "same_amount": changed(
            "ADD cents :cents SET latest = :cents",
            "attribute_not_exists(latest) OR latest <> :cents",
        ),
        "only_last": changed(
            "ADD cents :cents SET latest = :id",
            "attribute_not_exists(latest) OR latest <> :id",
        ),
    }
    assert lab.ex2.check({}).misconception == "refused"
    assert lab.ex2.check(changed(condition=["done"])).misconception == "form"
    assert_exercise(
        lab.ex2,
        right=[(one,) for one in right],
        wrong={name: (one,) for name, one in wrong.items()},
    )

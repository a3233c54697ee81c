"""Exercises of the lab deploy/inference_options."""

import math
from collections.abc import Mapping
from typing import Any

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab
from labs_lib.sagemaker import records

lab = Lab("deploy/inference_options")

lab.predict("slow", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: taken or refused? -----------------------------------------------------------


lab.match(
    "taken or refused?",
    right={
        "a": "refused",
        "b": "refused",
        "c": "refused",
        "d": "refused",
        "e": "taken",
        "f": "refused",
    },
    options=("taken", "refused"),
    mistakes={
        "no_model": (
            "In a the configuration names a model that is not there. Is it looked up now, or only "
            "when an endpoint is created?",
            "a",
        ),
        "no_archive": (
            "In b look at the archive. The model is to serve it; the service looks whether it is "
            "there.",
            "b",
        ),
        "both_kinds": (
            "In c count the ways in which the variant is to run. It can have one.",
            "c",
        ),
        "changed": (
            "In d the name is taken. Is there an operation that changes a configuration?",
            "d",
        ),
        "in_use": (
            "In e think of what an endpoint does with its model when it is created. Does it need "
            "the entry later?",
            "e",
        ),
        "more_than_most": (
            "In f more workers are to be kept warm than may ever run.",
            "f",
        ),
    },
    hints=(
        "Each request is looked at by itself, at once: what it names has to be there already, and "
        "its name has to be free.",
        "An endpoint has its own copy of what it serves.",
        "One of the six is taken.",
    ),
    praise="What a request names has to be there when it is sent. What was created from it later "
    "lives on without it.",
)


# Exercise 2: a file with the truth in it -------------------------------------------------

_INPUTS = 24  # of the fraud model
_RECORD = ["p-17", "1", *(f"x{n}" for n in range(1, _INPUTS + 1))]
_SCORE = "0.93"
_FIELDS = ("InputFilter", "JoinSource", "OutputFilter")


def _listed(found: Any) -> list:
    return found if isinstance(found, list) else [found]


def _short(found: list) -> str:
    """Return a list as text, without its middle if it is long."""
    shown = [*found[:4], "...", found[-1]] if len(found) > 6 else found
    return "[" + ", ".join(map(str, shown)) + "]"


def _run(processing: Mapping[str, Any]) -> tuple[list, list]:
    """Return what the model would get of a record, and what the output would hold."""
    asked = _listed(records.select(_RECORD, processing.get("InputFilter", "$")))
    found: Any = _SCORE
    if processing.get("JoinSource", "None") == "Input":
        found = records.join(_RECORD, _SCORE, "csv")
    return asked, _listed(
        records.select(_listed(found), processing.get("OutputFilter", "$"))
    )


@lab.exercise(
    "a file with the truth in it",
    hints=(
        "Which places does a record have? 0 is the number, 1 the truth, and from 2 on there is "
        "what the model learned from.",
        "`JoinSource` puts the whole record before the score, also what `InputFilter` hid. Then "
        "the score is the last place, -1.",
        "Three fields: `InputFilter` from place 2 on, `JoinSource` Input, `OutputFilter` with "
        "three places.",
    ),
    misconceptions={
        "number": "The model gets the payment's number as its first input: {got}. It has not "
        "learned from that.",
        "truth": "The model gets the truth as an input: {got}. `InputFilter` has to hide two "
        "places, not one.",
        "inputs": "The model does not get all its inputs. Of the record {record} it gets {got}.",
        "not_joined": "The record is not put before the score, so nothing but the score is there "
        "to choose from. Look at `JoinSource`.",
        "everything": "The output has the inputs of the model too: {got}. Keep three places.",
        "output": "The output has {got}; wanted are number, truth and score, in this order.",
        "filter": "A filter cannot be carried out: {got}.",
        "field": "{got} is no field of `DataProcessing`, or has a value that it does not take. There are "
        "`InputFilter`, `OutputFilter`, and `JoinSource` with Input or None.",
    },
    praise="Number, truth and score in one file: next month's monitoring can begin with it.",
)
def ex2(processing: dict) -> Wrong | None:
    """What the model gets and what the output holds is judged, not how it is written."""
    for name, value in processing.items():
        known = name in _FIELDS and isinstance(value, str)
        if not known or (name == "JoinSource" and value not in ("Input", "None")):
            return wrong("field", got=f"{name}={value!r}")
    try:
        asked = _listed(records.select(_RECORD, processing.get("InputFilter", "$")))
    except ValueError as error:
        return wrong("filter", got=str(error))
    if asked != _RECORD[2:]:
        if _RECORD[0] in asked:
            return wrong("number", got=_short(asked))
        if asked == _RECORD[1:]:
            return wrong("truth", got=_short(asked))
        return wrong("inputs", got=_short(asked), record=_short(_RECORD))
    if processing.get("JoinSource", "None") != "Input":
        return wrong("not_joined")
    try:
        _, output = _run(processing)
    except ValueError as error:
        return wrong("filter", got=str(error))
    if output == [*_RECORD, _SCORE]:
        return wrong("everything", got=_short(output))
    if output != [*_RECORD[:2], _SCORE]:
        return wrong("output", got=_short(output))
    return None


# Exercise 3: how many workers does a burst need? -----------------------------------------


def _workers(rate: float, service: float, cold: float) -> int:
    return min(max(math.ceil(rate * (service + cold)), 1), 200)


lab.function(
    "how many workers does a burst need?",
    cases=(
        (40, 0.5, 3),
        (40, 0.5, 0),
        (10, 0.25, 1.5),
        (3, 0.5, 2.25),
        (0.125, 0.5, 3),
        (0.5, 1, 1),
        (50, 0.5, 3.5),
        (100, 0.5, 4),
        (7, 0.125, 0.25),
        (0, 0.5, 3),
        (2, 0.25, 60),
        (57, 0.5, 3),
    ),
    right=_workers,
    mistakes={
        "warm": (
            "That is enough once the workers are warm. Until the first cold start is over, no "
            "worker is free again, so each request needs a new one.",
            lambda rate, service, cold: min(max(math.ceil(rate * service), 1), 200),
            lambda rate, service, cold: math.ceil(rate * service),
        ),
        "cold_only": (
            "You count the requests during the cold start. The first worker then still has to "
            "answer its request before it is free.",
            lambda rate, service, cold: min(max(math.ceil(rate * cold), 1), 200),
            lambda rate, service, cold: math.ceil(rate * cold),
        ),
        "down": (
            "You round down. A part of a request needs a whole worker.",
            lambda rate, service, cold: min(
                max(math.floor(rate * (service + cold)), 1), 200
            ),
            lambda rate, service, cold: min(
                max(round(rate * (service + cold)), 1), 200
            ),
            lambda rate, service, cold: math.floor(rate * (service + cold)),
            lambda rate, service, cold: round(rate * (service + cold)),
        ),
        "twice": (
            "You round twice. Add the two times first; else a part of a worker is counted as two.",
            lambda rate, service, cold: min(
                max(math.ceil(rate * service) + math.ceil(rate * cold), 1), 200
            ),
        ),
        "one_more": (
            "One less is enough: the request that comes when the first worker has just become "
            "free takes that one.",
            lambda rate, service, cold: min(
                math.floor(rate * (service + cold)) + 1, 200
            ),
        ),
        "unlimited": (
            "That is more than SageMaker allows. The most is 200.",
            lambda rate, service, cold: max(math.ceil(rate * (service + cold)), 1),
            lambda rate, service, cold: math.ceil(rate * (service + cold)),
        ),
        "none": (
            "`MaxConcurrency` is at least 1, however quiet it is.",
            lambda rate, service, cold: min(math.ceil(rate * (service + cold)), 200),
        ),
        "fraction": (
            "`MaxConcurrency` is a whole number. Which way do you have to round?",
            lambda rate, service, cold: min(max(rate * (service + cold), 1), 200),
            lambda rate, service, cold: rate * (service + cold),
        ),
    },
    hints=(
        "When is the first worker free again? Count from the beginning of the burst.",
        "How many requests come until then? Each of them needs a worker of its own.",
        "`rate * (service + cold)`, rounded up, and kept between 1 and 200.",
    ),
    praise="Without the cold start this is Little's law: requests under way are rate times time. "
    "With it, a burst needs several times as many.",
)

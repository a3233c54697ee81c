"""Exercises of the lab deploy/pipelines."""

from collections.abc import Collection, Mapping
from typing import Any

from labs_lib.course.lab import Lab

lab = Lab("deploy/pipelines")

lab.predict("known", options=("2,000", "4,000", "6,000"))


# Exercise 1: when does it begin? ---------------------------------------------------------

_BEGINS = {"Clean": 1, "Stats": 1, "Train": 2, "Score": 3, "Good": 4, "Register": 5}

lab.match(
    "when does it begin?",
    right={name: {hour, str(hour)} for name, hour in _BEGINS.items()},
    options=(1, 2, 3, 4, 5, 6),
    mistakes={
        "one_by_one": (
            "You let the steps run one after the other, in the order of the table. Steps that "
            "wait for nothing begin at once, side by side.",
            lambda found: found["Train"] in (3, "3"),
        ),
        "by_the_text": (
            "Stats reads what Clean writes, but its definition says so nowhere: the address is "
            "typed as text. What does a step wait for?",
            lambda found: found["Stats"] in (2, "2"),
        ),
        "by_the_reference_only": (
            "Register refers to Train alone, but it stands in a branch. It cannot begin before "
            "its condition is decided.",
            lambda found: found["Register"] in (3, 4, "3", "4"),
        ),
        "score_too_early": (
            "Score waits for two steps: one that it refers to, and one that `DependsOn` names. "
            "It begins when the later of the two has ended.",
            "Score",
        ),
    },
    hints=(
        "Go through the table and note for each step the steps that it waits for: those in a "
        "`Get` that begins with `Steps`, and those in `DependsOn`.",
        "An address in quotation marks is no `Get`. A step in a branch waits for its condition, "
        "too.",
        "Two steps begin in hour 1. From there on, each step begins one hour after the last "
        "step that it waits for.",
    ),
    praise="Stats begins together with Clean, and so reads what last month's run has left there: "
    "an old file at the right address. `DependsOn` or a reference would mend it.",
)


# Exercise 2: which change trains again? --------------------------------------------------

lab.match(
    "which change trains again?",
    right={"a", "e", "f", "i"},
    options="abcdefghi",
    mistakes={
        "contents": (
            "In d the rows are others, but the address is the same. The key holds the address.",
            "d",
        ),
        "address": (
            "In e the rows are the same, but the address is another. It stands in "
            "`InputDataConfig`, and the key does not look at what lies there.",
            "e",
        ),
        "output": (
            "In c look for `OutputDataConfig` in the list. The model stays where yesterday's run "
            "put it.",
            "c",
        ),
        "machine": (
            "In b look for `ResourceConfig` in the list. Whoever wants to try a larger instance "
            "has to turn off the cache.",
            "b",
        ),
        "limit": ("In g look for `StoppingCondition` in the list.", "g"),
        "hyperparameter": (
            "In a a hyperparameter is another, and hyperparameters are in the list.",
            "a",
        ),
        "version": (
            "In f look where the definition uses the parameter `Version`, and look for that "
            "place in the list.",
            "f",
        ),
        "neighbour": (
            "In h another step has changed. Does `Train` refer to it?",
            "h",
        ),
        "expiry": (
            "In i nothing has changed but the time. How long may a result be taken again?",
            "i",
        ),
    },
    hints=(
        "Find for each change the argument of `Train` that it touches, if there is one. Is that "
        "argument in the list?",
        "The key is made of the words of the request. It looks at no file.",
        "Four of them train again: one of these only since the result is too old.",
    ),
    praise="The cache can err both ways: it trains again on the same rows (e), and it does not "
    "train on new ones (d).",
)


# Exercise 3: the worker ------------------------------------------------------------------


def _reply(message: Mapping[str, Any], answered: Collection[str]) -> str:
    if message["token"] in answered:
        return "nothing"
    if message.get("status") == "Stopping":
        return "failure"
    return "success" if message["arguments"]["frauds"] >= 100 else "failure"


def _message(token: str, frauds: int, **more: str) -> dict[str, Any]:
    return {
        "token": token,
        "pipelineExecutionArn": "arn:aws:sagemaker:us-east-1:111122223333:pipeline/ask/"
        "execution/abcdefghijkl",
        "arguments": {"rows": 4_000, "frauds": frauds},
        **more,
    }


def _by(
    message: Mapping[str, Any],
    answered: Collection[str],
    *,
    twice: bool = False,
    stops: str | None = "failure",
    late: bool = False,
    least: int = 100,
) -> str:
    """Reply as somebody who makes one of the usual mistakes."""
    known = message["token"] in answered
    stopping = message.get("status") == "Stopping"
    if late and stopping:
        return "failure"
    if known and not twice:
        return "nothing"
    if stopping and stops is not None:
        return stops
    return "success" if message["arguments"]["frauds"] >= least else "failure"


lab.function(
    "the worker",
    cases=(
        (_message("aaaaaaaaaa", 200), set()),
        (_message("bbbbbbbbbb", 100), {"aaaaaaaaaa"}),
        (_message("bbbbbbbbbb", 99), {"aaaaaaaaaa"}),
        (_message("cccccccccc", 0), set()),
        (_message("aaaaaaaaaa", 200), {"aaaaaaaaaa", "bbbbbbbbbb"}),
        (_message("aaaaaaaaaa", 20), {"aaaaaaaaaa"}),
        (_message("dddddddddd", 200, status="Stopping"), {"aaaaaaaaaa"}),
        (_message("dddddddddd", 20, status="Stopping"), set()),
        (_message("dddddddddd", 200, status="Stopping"), {"dddddddddd"}),
        (_message("dddddddddd", 20, status="Stopping"), {"cccccccccc", "dddddddddd"}),
    ),
    right=_reply,
    mistakes={
        "twice": (
            "You answer a token that is answered already. The second answer is refused, and an "
            "error ends your worker.",
            lambda message, answered: _by(message, answered, twice=True),
        ),
        "ignores_stopping": (
            "You do not look at `status`. Somebody wants the pipeline to stop, and you go on as "
            "if nothing were.",
            lambda message, answered: _by(message, answered, stops=None),
        ),
        "silent_at_the_end": (
            "You send nothing when the pipeline is to stop. It waits for your answer, and stays "
            "in `Stopping`.",
            lambda message, answered: _by(message, answered, stops="nothing"),
        ),
        "success_at_the_end": (
            "You answer a pipeline that is to stop with a success, though the work was given up.",
            lambda message, answered: _by(message, answered, stops="success"),
        ),
        "stopping_first": (
            "A message to stop may come when the token is answered already: your answer and the "
            "stop have crossed. Then there is nothing to send. Which question comes first?",
            lambda message, answered: _by(message, answered, late=True),
        ),
        "more_than": (
            "100 frauds are enough: at least 100, not more than 100.",
            lambda message, answered: _by(message, answered, least=101),
        ),
    },
    hints=(
        "Three questions, one after the other: is the token answered? Is the pipeline to stop? "
        "Are there enough frauds?",
        'Not each message has a status: `message.get("status")`.',
        '`if message["token"] in answered: return "nothing"` comes first.',
    ),
    praise="A worker like this can be started twice, and can be killed and started again.",
)

"""The tiny exercise and quiz of the start page."""

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

PAYMENTS_A_DAY, FRAUDS_A_DAY = 1_100, 11

lab = Lab("start")


@lab.exercise(
    "the accuracy of doing nothing",
    hints=(
        "Accuracy is the share of payments that get the right answer, fraud or not.",
        "`never_fraud` is right about every payment that is no fraud, and wrong about each "
        "fraud. How many of the payments is that?",
        "The number of payments that are no fraud, divided by the number of payments.",
    ),
    misconceptions={
        "recall": "That is the recall: the share of frauds found. The model finds none. Accuracy "
        "also counts the payments that it rightly lets pass.",
        "fraud_rate": "That is the share of payments it gets wrong. Accuracy is the share it "
        "gets right.",
        "percent": "The number is right as a percentage. Give the share, between 0 and 1.",
        "elsewhere": "Not {accuracy:g}. Count the payments that the model gets right, and divide "
        "by all payments.",
    },
    praise="And it has not found a single fraud. That is why this course never judges a fraud "
    "model by its accuracy.",
)
def ex1(accuracy: float) -> Wrong | None:
    """The share of legitimate payments, to two decimals at least."""
    fraud_rate = FRAUDS_A_DAY / PAYMENTS_A_DAY
    if abs(accuracy - (1 - fraud_rate)) < 0.0051:
        # 0.99 to two decimals; 1.0 would claim that it makes no mistake.
        return None if accuracy < 1 else wrong("elsewhere", accuracy=accuracy)
    if accuracy == 0:
        return wrong("recall")
    if abs(accuracy - fraud_rate) < 1e-9:
        return wrong("fraud_rate")
    if abs(accuracy - 100 * (1 - fraud_rate)) < 0.5:
        return wrong("percent")
    return wrong("elsewhere", accuracy=accuracy)

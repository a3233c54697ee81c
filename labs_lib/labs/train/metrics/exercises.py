"""Exercises of the lab train/metrics."""

from labs_lib.course.lab import Lab

lab = Lab("train/metrics")

lab.predict("cost_of_f1", options=("higher", "lower", "no difference shown"))


# Exercise 1: precision from a ROC curve --------------------------------------------------


def _precision(tpr: float, fpr: float, rate: float) -> float:
    return tpr * rate / (tpr * rate + fpr * (1 - rate))


lab.function(
    "precision from a ROC curve",
    cases=(
        (0.8, 0.1, 0.5),
        (0.8, 0.1, 0.01),
        (0.5, 0.02, 0.2),
        (0.6, 0.3, 0.1),
        (1.0, 1.0, 0.3),
        (0.9, 0.0, 0.1),
        (0.0, 0.2, 0.1),
        (0.7, 0.4, 1.0),
        (0.7, 0.4, 0.0),
        (0.35, 0.013, 0.0015),
    ),
    right=_precision,
    tolerance=6e-4,  # three decimals are enough
    mistakes={
        "no_rate": (
            "Your answer does not change with the fraud rate. A ROC curve does not know the "
            "rate; a precision does: with few frauds, the same `fpr` means many more false "
            "alerts.",
            lambda tpr, fpr, rate: tpr / (tpr + fpr),
        ),
        "fpr_of_all": (
            "You took `fpr` as a share of all payments. It is a share of the honest ones, and "
            "those are `1 - rate` of all.",
            lambda tpr, fpr, rate: tpr * rate / (tpr * rate + fpr),
        ),
        "tpr_of_all": (
            "You took `tpr` as a share of all payments. It is a share of the frauds, and those "
            "are `rate` of all.",
            lambda tpr, fpr, rate: tpr / (tpr + fpr * (1 - rate)),
        ),
        "complement": (
            "You took 1 - `fpr`. That is the share of honest payments left in peace; precision "
            "compares found frauds with false alerts.",
            lambda tpr, fpr, rate: tpr * rate / (tpr * rate + (1 - fpr) * (1 - rate)),
        ),
        "false_alerts": (
            "This is the share of false alerts among all alerts. Precision is the rest of them.",
            lambda tpr, fpr, rate: 1 - _precision(tpr, fpr, rate),
        ),
    },
    hints=(
        "Imagine 10,000 payments. How many are fraud, and how many of those are found? How many "
        "honest ones are alerted?",
        "Found frauds are a share `tpr * rate` of all payments, false alerts a share "
        "`fpr * (1 - rate)`.",
        "Precision is found frauds divided by all alerts: "
        "`tpr * rate / (tpr * rate + fpr * (1 - rate))`.",
    ),
    praise="The same point of a ROC curve means a different precision for each fraud rate.",
)


# Exercise 2: which metric for which decision? --------------------------------------------

lab.match(
    "which metric for which decision?",
    right={
        # A cost may price a premium or a place in the queue just as well.
        "a": {"LogLoss", "cost"},
        "b": {"precision in the top", "cost"},
        "c": "cost",
        "d": "AUC",
        "e": "none",
    },
    options=("Recall", "Accuracy"),
    mistakes={
        "price": (
            "In a the premium uses the probability itself, so its level has to be right. That "
            "is not what {got} asks.",
            "a",
        ),
        "queue": (
            "In b the investigators see the 200 highest scores and nothing else. {got} does not "
            "ask what is found there.",
            "b",
        ),
        "money": (
            "In c it is known what each mistake costs. {got} does not use these prices.",
            "c",
        ),
        "recall": (
            "In d recall seems to fit: at a given threshold it does not change with the fraud "
            "rate. But it needs a threshold, and the scores of two models lie at different "
            "places. So it says where they lie too, and not only how they order.",
            lambda found: found["d"] == "Recall",
        ),
        "nothing_fits": (
            "In d kinds of fraud and customers are the same, and only the rate differs. There is "
            "a metric which that does not move.",
            lambda found: found["d"] == "none",
        ),
        "rates": (
            "In d the fraud rates differ. {got} changes with the rate, even if two models order "
            "equally well.",
            "d",
        ),
        "mix": (
            "In e the two were judged on different kinds of payments. Think of the trial: one "
            "model had two values of AUC. What would {got} say about the models?",
            "e",
        ),
    },
    hints=(
        "Ask of each decision: is a probability used, an order, or a yes and no? And who pays?",
        "A price uses the probability itself. A queue of fixed length uses the top of the order. "
        "A yes or no with known prices uses money.",
        "Which metric compares orders and does not change with the fraud rate? And in which of "
        "the five is a comparison not possible at all, before both were judged on the same rows?",
    ),
    praise="A metric is the question that a decision asks. Where the rows differ, no metric "
    "compares models.",
)

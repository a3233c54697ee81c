"""A simulated world of card payments whose truth is known."""

from labs_lib.payments.causes import causes, causes_as_numbers, causes_logit
from labs_lib.payments.cost import best_threshold, card_precision, cost
from labs_lib.payments.features import FEATURES, features
from labs_lib.payments.importance import (
    conditional_shapley,
    true_importance,
    true_shapley,
)
from labs_lib.payments.quiet import quiet_world, ready_to_fit, thin
from labs_lib.payments.simulator import World, simulate
from labs_lib.payments.split import month, split_by_time

__all__ = [
    "FEATURES",
    "World",
    "best_threshold",
    "card_precision",
    "causes",
    "causes_as_numbers",
    "causes_logit",
    "conditional_shapley",
    "cost",
    "features",
    "month",
    "quiet_world",
    "ready_to_fit",
    "simulate",
    "split_by_time",
    "thin",
    "true_importance",
    "true_shapley",
]

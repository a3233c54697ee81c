"""The small network: its gradients against autograd, its hooks, and what it refuses."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from labs_lib.train.network import Network, batches

ACTIVATIONS = {
    "relu": lambda z: anp.maximum(z, 0.0),
    "tanh": anp.tanh,
    "sigmoid": lambda z: 1 / (1 + anp.exp(-z)),
}


def outside(parameters, X, y, activation):
    """Return the loss as autograd can differentiate it, written another way than ours."""
    layers, out = len(parameters) // 2, X
    for k in range(layers):
        out = anp.dot(out, parameters[2 * k]) + parameters[2 * k + 1]
        if k < layers - 1:
            out = ACTIVATIONS[activation](out)
    likely = anp.exp(out) / anp.sum(anp.exp(out), axis=1, keepdims=True)
    return -anp.mean(anp.log(likely[anp.arange(len(y)), y]))


@settings(deadline=None, max_examples=25)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=4),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    seed=st.integers(0, 1_000),
    rows=st.integers(1, 8),
)
def test_the_gradients_are_those_of_autograd(sizes, activation, seed, rows):
    rng = np.random.default_rng([seed, 1])
    network = Network(sizes, activation=activation, seed=seed)
    for bias in network.biases:
        bias += rng.normal(size=bias.shape)
    X, y = rng.normal(size=(rows, sizes[0])), rng.integers(sizes[-1], size=rows)
    loss, ours = network.gradients(X, y)
    assert loss == pytest.approx(outside(network.parameters, X, y, activation))
    theirs = grad(outside)(network.parameters, X, y, activation)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1_000), frozen=st.integers(0, 3))
def test_a_step_is_the_gradient_times_the_rate_and_frozen_layers_stay(seed, frozen):
    rng = np.random.default_rng([seed, 2])
    X, y = rng.normal(size=(7, 3)), rng.integers(2, size=7)
    network = Network([3, 4, 4, 2], activation="tanh", seed=seed)
    before = [p.copy() for p in network.parameters]
    loss, gradients = network.gradients(X, y)
    assert network.step(X, y, 0.3, frozen=frozen) == loss
    for place, (old, new, g) in enumerate(
        zip(before, network.parameters, gradients, strict=True)
    ):
        moved = 0.0 if place < 2 * frozen else 0.3 * g
        np.testing.assert_allclose(new, old - moved)


def test_a_hook_sees_the_tensors_of_a_step_before_the_weights_change():
    network = Network([3, 4, 2], activation="relu", seed=0)
    first, seen = network.weights[0].copy(), {}
    network.hooks.append(lambda t: seen.update({k: v.copy() for k, v in t.items()}))
    X, y = np.ones((5, 3)), np.array([0, 1, 0, 1, 1])
    loss = network.step(X, y, 0.5)
    assert np.array_equal(seen["layer0/weight"], first)
    assert not np.array_equal(network.weights[0], first)
    assert seen["loss"] == loss
    assert {k: v.shape for k, v in seen.items()} == {
        "loss": (1,),
        "labels": (5,),
        "predictions": (5, 2),
        "layer0/weight": (3, 4),
        "layer0/gradient": (3, 4),
        "layer0/relu_input": (5, 4),
        "layer0/relu_output": (5, 4),
        "layer1/weight": (4, 2),
        "layer1/gradient": (4, 2),
    }
    np.testing.assert_allclose(seen["predictions"].sum(axis=1), 1)


def test_it_learns_the_digits():
    X, y = load_digits(return_X_y=True)
    X, rng = X / 16, np.random.default_rng(1)
    network = Network([64, 32, 10], seed=0)
    for _ in range(15):
        for some in batches(1_200, 32, rng):
            network.step(X[some], y[some], 0.2)
    assert (network.predict(X[1_200:]) == y[1_200:]).mean() > 0.9
    assert np.array_equal(network.probabilities(X).argmax(axis=1), network.predict(X))


@pytest.mark.parametrize(
    ("scale", "spread"), [("he", 0.1), ("xavier", 0.1 / 2**0.5), (0.03, 0.03)]
)
def test_the_first_weights_are_as_large_as_asked(scale, spread):
    W = Network([200, 500], scale=scale, seed=3).weights[0]
    assert W.std() == pytest.approx(spread, rel=0.02)


def test_large_scores_do_not_overflow():
    network = Network([1, 2], scale=0.0)
    network.weights[0][:] = [[1e4, -1e4]]
    assert network.loss([[1.0]], [0]) == 0
    assert network.loss([[1.0]], [1]) == pytest.approx(2e4)


@given(rows=st.integers(1, 50), size=st.integers(1, 60), seed=st.integers(0, 99))
def test_an_epoch_holds_each_row_once(rows, size, seed):
    made = batches(rows, size, np.random.default_rng(seed))
    assert sorted(np.concatenate(made)) == list(range(rows))
    assert all(len(batch) == size for batch in made[:-1])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Network([3]), "at least two numbers"),
        (lambda: Network([3, 0, 2]), "at least two numbers"),
        (lambda: Network([3, 2], activation="gelu"), "take one of relu"),
        (lambda: Network([3, 2], scale="large"), "take one of he"),
        (lambda: Network([3, 2], scale=-1.0), "0 or more"),
        (lambda: Network([3, 2]).step([[1, 2, 3]], [0], 0.0), "above 0"),
        (lambda: Network([3, 2]).step([[1, 2, 3]], [0], 1.0, frozen=2), "0 to 1"),
        (lambda: batches(0, 3, np.random.default_rng(0)), "1 or more"),
    ],
)
def test_what_it_refuses(call, words):
    with pytest.raises(ValueError, match=words):
        call()

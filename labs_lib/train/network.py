"""A small network for classes, in NumPy, that shows what it holds while it learns.

Layers of weights and biases, one activation between them, softmax and cross-entropy at the end.
A hook sees the tensors of each step before the weights change, as SageMaker Debugger's hook does
in a training job. No library of this course shows gradients: scikit-learn's MLP keeps its own.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Hook = Callable[[Mapping[str, Array]], None]
"""Called at each step with tensors by name: see `Network.step`."""

SCALES = {"he": 2.0, "xavier": 1.0}
"""Variance of a first weight times the number of inputs of its layer, by the scheme's name."""

_ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    # The function of the layer's input, and its slope as a function of the output.
    "relu": (lambda z: np.maximum(z, 0.0), lambda a: (a > 0).astype(float)),
    "tanh": (np.tanh, lambda a: 1.0 - a * a),
    "sigmoid": (lambda z: 0.5 * (1.0 + np.tanh(0.5 * z)), lambda a: a * (1.0 - a)),
}


class Network:
    """A network of fully connected layers that gives a probability for each class.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, units of each hidden layer, classes; at least two numbers.
    activation : {"relu", "tanh", "sigmoid"}
        Between the layers.
    scale : {"he", "xavier"} or float
        How large the first weights are: a scheme (`SCALES`), or one standard deviation.
        First weights are normal with mean 0, first biases are 0.
    seed : int or sequence of int
        Of the first weights.

    Attributes
    ----------
    weights : list of ndarray
        Of each layer, (inputs, outputs).
    biases : list of ndarray
        Of each layer, (outputs,).
    hooks : list of callable
        Called by `step` with the tensors of that step.

    Raises
    ------
    ValueError
        If sizes, activation or scale are none of those above.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: str = "relu",
        scale: str | float = "he",
        seed: int | Sequence[int] = 0,
    ) -> None:
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(
                f"sizes are {list(sizes)}, expected at least two numbers of 1 or more: inputs, "
                "hidden units, classes."
            )
        if activation not in _ACTIVATIONS:
            raise ValueError(
                f"activation is {activation!r}; take one of {', '.join(_ACTIVATIONS)}."
            )
        self.activation = activation
        rng = np.random.default_rng(seed)
        self.weights: list[Array] = []
        self.biases: list[Array] = []
        for inputs, outputs in itertools.pairwise(sizes):
            spread = _spread(scale, inputs)
            self.weights.append(rng.normal(0.0, spread, (inputs, outputs)))
            self.biases.append(np.zeros(outputs))
        self.hooks: list[Hook] = []

    @property
    def parameters(self) -> list[Array]:
        """Weights and biases of all layers; the arrays themselves, layer by layer."""
        pairs = zip(self.weights, self.biases, strict=True)
        return [part for pair in pairs for part in pair]

    def forward(self, X: ArrayLike) -> tuple[list[Array], list[Array]]:
        """Return the inputs and the outputs of the activations, layer by layer.

        Parameters
        ----------
        X : array of shape (rows, inputs)

        Returns
        -------
        list of ndarray
            What enters each layer's activation, (rows, outputs); the last are the class scores.
        list of ndarray
            `X`, and what each hidden layer gives, (rows, outputs).
        """
        act = _ACTIVATIONS[self.activation][0]
        outputs, entering = [np.asarray(X, dtype=float)], []
        for layer, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            entering.append(outputs[-1] @ W + b)
            if layer < len(self.weights) - 1:
                outputs.append(act(entering[-1]))
        return entering, outputs

    def probabilities(self, X: ArrayLike) -> Array:
        """Return the probability of each class, (rows, classes)."""
        scores = self.forward(X)[0][-1]
        return np.asarray(np.exp(_log_softmax(scores)))

    def predict(self, X: ArrayLike) -> NDArray[np.intp]:
        """Return the most probable class of each row, (rows,)."""
        return np.asarray(self.forward(X)[0][-1].argmax(axis=1))

    def loss(self, X: ArrayLike, y: ArrayLike) -> float:
        """Return the mean cross-entropy in nats; `y` holds class numbers from 0, (rows,)."""
        return _cross_entropy(self.forward(X)[0][-1], np.asarray(y))

    def gradients(self, X: ArrayLike, y: ArrayLike) -> tuple[float, list[Array]]:
        """Return the loss, and its gradient for each of `parameters`, in their order."""
        loss, found, _ = self._backward(X, y)
        return loss, found

    def step(self, X: ArrayLike, y: ArrayLike, rate: float, *, frozen: int = 0) -> float:
        """Take one step of gradient descent on a batch.

        Parameters
        ----------
        X, y : arrays of shape (rows, inputs) and (rows,)
        rate : float
            The learning rate: what the gradient is multiplied by. Greater than 0.
        frozen : int
            So many first layers keep their weights and biases.

        Returns
        -------
        float
            The loss of the batch before the step.

        Notes
        -----
        Each hook is called before the weights change, with ``loss`` (1,), ``labels`` (rows,),
        ``predictions`` (rows, classes), and for each layer from 0 ``layer0/weight``,
        ``layer0/gradient`` (of the weights), ``layer0/relu_input`` and ``layer0/relu_output`` (or
        ``tanh``, ``sigmoid``); the last layer has no activation.
        """
        if not rate > 0:
            raise ValueError(f"rate is {rate}, expected a number above 0, such as 0.1.")
        if not 0 <= frozen <= len(self.weights):
            raise ValueError(
                f"frozen is {frozen}, expected 0 to {len(self.weights)} layers."
            )
        loss, gradients, tensors = self._backward(X, y)
        for hook in self.hooks:
            hook(tensors)
        pairs = list(zip(self.parameters, gradients, strict=True))
        for parameter, gradient in pairs[2 * frozen :]:
            parameter -= rate * gradient
        return loss

    def _backward(
        self, X: ArrayLike, y: ArrayLike
    ) -> tuple[float, list[Array], dict[str, Array]]:
        labels = np.asarray(y)
        entering, outputs = self.forward(X)
        slope = _ACTIVATIONS[self.activation][1]
        probabilities = np.exp(_log_softmax(entering[-1]))
        loss = _cross_entropy(entering[-1], labels)
        tensors = {
            "loss": np.array([loss]),
            "labels": labels,
            "predictions": probabilities,
        }
        # How the loss changes with what enters a layer's activation, from the last layer back.
        error = probabilities.copy()
        error[np.arange(len(labels)), labels] -= 1.0
        error /= len(labels)
        found: list[Array] = []
        for layer in reversed(range(len(self.weights))):
            own = outputs[layer].T @ error
            found = [own, error.sum(axis=0), *found]
            tensors[f"layer{layer}/weight"] = self.weights[layer]
            tensors[f"layer{layer}/gradient"] = own
            if layer:
                name = f"layer{layer - 1}/{self.activation}"
                tensors[f"{name}_input"] = entering[layer - 1]
                tensors[f"{name}_output"] = outputs[layer]
                error = (error @ self.weights[layer].T) * slope(outputs[layer])
        return loss, found, tensors


def batches(rows: int, size: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """Return the places of one epoch's batches: all rows once, in a random order.

    Parameters
    ----------
    rows, size : int
        Rows in all, and in a batch; both 1 or more. The last batch holds what is left.
    rng : numpy.random.Generator

    Returns
    -------
    list of ndarray
    """
    if rows < 1 or size < 1:
        raise ValueError(f"rows are {rows} and size is {size}; both must be 1 or more.")
    order = rng.permutation(rows)
    return [order[start : start + size] for start in range(0, rows, size)]


def _spread(scale: str | float, inputs: int) -> float:
    if isinstance(scale, str):
        if scale not in SCALES:
            raise ValueError(
                f"scale is {scale!r}; take one of {', '.join(SCALES)}, or a standard deviation."
            )
        return float(np.sqrt(SCALES[scale] / inputs))
    if not scale >= 0:
        raise ValueError(f"scale is {scale}, expected a standard deviation of 0 or more.")
    return float(scale)


def _log_softmax(scores: Array) -> Array:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _cross_entropy(scores: Array, labels: NDArray) -> float:
    return float(-_log_softmax(scores)[np.arange(len(labels)), labels].mean())

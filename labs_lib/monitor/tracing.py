"""What X-Ray adds to OpenTelemetry: its sampling rule, its ids, and its segment documents."""

import json
import random
import re
import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_ON,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
)
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, Tracer
from opentelemetry.util.types import Attributes

LONGEST_NAME = 200
"""Letters in the name of a segment."""

LARGEST_DOCUMENT = 64_000
"""Bytes in a segment document."""


class ReservoirSampler(Sampler):
    """Keep the first requests of each second, and a fixed share of the others.

    Parameters
    ----------
    reservoir : int, default 1
        Requests kept in each second of the clock.
    rate : float, default 0.05
        Chance of each other request, 0 to 1.
    seed : int or None
        Of the draws; None for new ones each time.
    clock : callable
        Returns seconds.

    Raises
    ------
    ValueError
        If the reservoir is negative or the rate no share.

    Notes
    -----
    The default rule of AWS X-Ray. Use it as the root of a `ParentBased` sampler: the decision is
    made once, where a trace begins.
    """

    def __init__(
        self,
        reservoir: int = 1,
        rate: float = 0.05,
        *,
        seed: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        _check_rule(reservoir, rate)
        self.reservoir, self.rate = reservoir, rate
        self._clock, self._draw = clock, random.Random(seed)
        self._second: int | None = None
        self._used = 0
        self._lock = threading.Lock()

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: Any = None,
    ) -> SamplingResult:
        """Decide on one request, now."""
        keep = self._keeps()
        decision = Decision.RECORD_AND_SAMPLE if keep else Decision.DROP
        return SamplingResult(decision, attributes if keep else None)

    def get_description(self) -> str:
        """Return the rule in words."""
        return f"ReservoirSampler{{{self.reservoir} a second, then {self.rate:g}}}"

    def _keeps(self) -> bool:
        with self._lock:
            second = int(self._clock() // 1)
            if second != self._second:
                self._second, self._used = second, 0
            if self._used < self.reservoir:
                self._used += 1
                return True
            return self._draw.random() < self.rate


def kept(
    times: np.ndarray,
    rng: np.random.Generator,
    *,
    reservoir: int = 1,
    rate: float = 0.05,
) -> np.ndarray:
    """Return which requests the rule of `ReservoirSampler` keeps.

    Parameters
    ----------
    times : array of shape (requests,)
        Seconds at which requests begin, ascending.
    rng : numpy.random.Generator
        Draws a number for each request, whether it is needed or not.
    reservoir, rate
        As in `ReservoirSampler`.

    Returns
    -------
    array of bool of shape (requests,)

    Raises
    ------
    ValueError
        If times are not ascending, or the rule is none.
    """
    _check_rule(reservoir, rate)
    times = np.asarray(times, dtype=float)
    if times.ndim != 1 or not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise ValueError(
            "times have to be finite and ascending, in one dimension: sort them."
        )
    _, first, which = np.unique(np.floor(times), return_index=True, return_inverse=True)
    place = np.arange(len(times)) - first[which]
    return (place < reservoir) | (rng.random(len(times)) < rate)


def _check_rule(reservoir: int, rate: float) -> None:
    if isinstance(reservoir, bool) or int(reservoir) != reservoir or reservoir < 0:
        raise ValueError(
            f"reservoir is {reservoir!r}, expected a whole number of requests a second, 0 or more."
        )
    if not 0 <= rate <= 1:
        raise ValueError(f"rate is {rate!r}, expected a share from 0 to 1 (5 % is 0.05).")


def trace_id(number: int) -> str:
    """Return X-Ray's form of an OpenTelemetry trace id: 1-, 8 and 24 hexadecimal digits."""
    if not 0 < number < 2**128:
        raise ValueError(
            f"{number} is no trace id: expected a number from 1 to 2**128 - 1."
        )
    digits = f"{number:032x}"
    return f"1-{digits[:8]}-{digits[8:]}"


def header(context: SpanContext) -> str:
    """Return the value of the header ``X-Amzn-Trace-Id`` that a call of this span would carry."""
    if not context.is_valid:
        raise ValueError("the context belongs to no span: take span.get_span_context().")
    root, sampled = trace_id(context.trace_id), int(context.trace_flags.sampled)
    return f"Root={root};Parent={context.span_id:016x};Sampled={sampled}"


class SegmentExporter(SpanExporter):
    """Turn the spans of one service into segment documents of AWS X-Ray.

    A span that a request from outside began is a segment; what happened within it are its
    subsegments. A document is sent when its segment has ended.

    Parameters
    ----------
    send : callable
        Gets each document, a dict.
    annotations : collection of str
        Attributes that become annotations, which X-Ray indexes; in their names, what is no
        letter, digit or underscore becomes an underscore. All others become metadata.

    Notes
    -----
    What has not found its segment when the exporter is shut down is sent alone, as a document of
    type "subsegment".
    """

    def __init__(
        self, send: Callable[[dict[str, Any]], object], *, annotations: Collection[str] = ()
    ) -> None:
        if isinstance(annotations, str):
            raise ValueError(
                f"annotations is the text {annotations!r}; put it into a list."
            )
        self._send, self._annotations = send, frozenset(annotations)
        self._waiting: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        self._lock = threading.Lock()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Take spans that have ended."""
        for span in spans:
            document = self._document(span)
            trace = trace_id(_context(span).trace_id)
            parent = span.parent
            with self._lock:
                inner = [part for _, part in self._waiting.pop(document["id"], [])]
                if inner:
                    document["subsegments"] = inner
                if parent is not None and not parent.is_remote:
                    held = self._waiting.setdefault(f"{parent.span_id:016x}", [])
                    held.append((trace, document))
                    continue
            document["trace_id"] = trace
            if parent is not None:
                document["parent_id"] = f"{parent.span_id:016x}"
            self._hand_on(document)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Send what waits for a segment that never ended."""
        with self._lock:
            left, self._waiting = self._waiting, {}
        for parent, parts in left.items():
            for trace, part in parts:
                alone = {"type": "subsegment", "trace_id": trace, "parent_id": parent}
                self._hand_on(part | alone)

    def _hand_on(self, document: dict[str, Any]) -> None:
        size = len(json.dumps(document).encode())
        if size > LARGEST_DOCUMENT:
            raise ValueError(
                f"the segment {document['name']!r} has {size:,} bytes, X-Ray takes "
                f"{LARGEST_DOCUMENT:,} at most: leave attributes out."
            )
        self._send(document)

    def _document(self, span: ReadableSpan) -> dict[str, Any]:
        inside = span.parent is not None and not span.parent.is_remote
        name = span.name if inside else str(span.resource.attributes["service.name"])
        if span.start_time is None or span.end_time is None:
            raise ValueError(f"the span {name!r} has not ended; export it afterwards.")
        document: dict[str, Any] = {
            "name": name[:LONGEST_NAME],
            "id": f"{_context(span).span_id:016x}",
            "start_time": span.start_time / 1e9,
            "end_time": span.end_time / 1e9,
        }
        if inside and span.kind is SpanKind.CLIENT:
            document["namespace"] = "remote"
        attributes = dict(span.attributes or {})
        code = attributes.pop("http.response.status_code", None)
        if isinstance(code, int):
            document["http"] = {"response": {"status": code}}
            found = {
                "error": 400 <= code < 500,
                "throttle": code == 429,
                "fault": code >= 500,
            }
            document |= {what: True for what, is_so in found.items() if is_so}
        elif span.status.status_code is StatusCode.ERROR:
            document["fault"] = True
        indexed = {
            re.sub(r"\W", "_", key, flags=re.ASCII): value
            for key, value in attributes.items()
            if key in self._annotations
        }
        others = {k: v for k, v in attributes.items() if k not in self._annotations}
        if indexed:
            document["annotations"] = indexed
        if others:
            document["metadata"] = {"default": others}
        return document


def _context(span: ReadableSpan) -> SpanContext:
    context = span.get_span_context()
    if context is None:
        raise ValueError(f"the span {span.name!r} has no ids; start it with a tracer.")
    return context


class SeededIds(IdGenerator):
    """Ids of traces and spans that are the same in each run, for examples."""

    def __init__(self, seed: int = 0) -> None:
        self._draw = random.Random(seed)

    def generate_span_id(self) -> int:
        """Return a number of 64 bits, not 0."""
        return self._draw.randrange(1, 2**64)

    def generate_trace_id(self) -> int:
        """Return a number of 128 bits, not 0."""
        return self._draw.randrange(1, 2**128)


def tracer(
    service: str,
    exporter: SpanExporter,
    *,
    sampler: Sampler | None = None,
    ids: IdGenerator | None = None,
) -> Tracer:
    """Return the tracer of one service: each service has a provider of its own.

    Parameters
    ----------
    service : str
        Its name, of 1 to 200 letters.
    exporter : SpanExporter
        Gets each span when it has ended.
    sampler : Sampler, optional
        Decides on requests that begin here; without one all are kept. What another service has
        decided is never decided again.
    ids : IdGenerator, optional
        Random ids by default.

    Raises
    ------
    ValueError
        If the name is empty or too long.
    """
    if not service or len(service) > LONGEST_NAME:
        raise ValueError(
            f"the service's name has {len(service)} letters, expected 1 to {LONGEST_NAME}."
        )
    provider = TracerProvider(
        resource=Resource({"service.name": service}),
        sampler=ParentBased(sampler or ALWAYS_ON),
        id_generator=ids or RandomIdGenerator(),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("labs_lib")

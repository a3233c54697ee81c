import json
import logging
import re

import numpy as np
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from labs_lib import stats
from labs_lib.monitor import tracing
from labs_lib.monitor.tracing import ReservoirSampler, SeededIds, SegmentExporter


def keeps(sampler):
    return sampler.should_sample(None, 1, "a").decision is Decision.RECORD_AND_SAMPLE


def test_the_first_of_each_second_is_kept_and_no_other_at_rate_0():
    times = iter([0.1, 0.2, 0.99, 1.0, 1.5, 7.2, 7.3])
    sampler = ReservoirSampler(1, 0, clock=lambda: next(times))
    assert [keeps(sampler) for _ in range(7)] == [
        True,
        False,
        False,
        True,
        False,
        True,
        False,
    ]
    assert sampler.get_description() == "ReservoirSampler{1 a second, then 0}"


def test_reservoirs_of_0_and_3_and_a_rate_of_1():
    assert [keeps(ReservoirSampler(0, 0, clock=lambda: 5)) for _ in range(3)] == [False] * 3
    sampler = ReservoirSampler(3, 0, clock=lambda: 5)
    assert [keeps(sampler) for _ in range(5)] == [True, True, True, False, False]
    sampler = ReservoirSampler(0, 1, clock=lambda: 5)
    assert all(keeps(sampler) for _ in range(5))


@pytest.mark.parametrize(
    ("per_second", "expected"), [(1, 1), (10, 1.45), (100, 5.95), (1000, 50.95)]
)
def test_the_table_of_the_documentation_for_even_requests(per_second, expected):
    seconds = 4000 // per_second + 40
    times = np.arange(seconds * per_second) / per_second
    found = tracing.kept(times, np.random.default_rng(0)).sum() / seconds
    noise = np.sqrt(0.05 * 0.95 * (per_second - 1) / seconds)
    assert abs(found - expected) <= 4 * noise


def test_array_and_sampler_follow_the_same_rule():
    rng = np.random.default_rng(1)
    times = np.sort(rng.uniform(0, 300, 3000))
    clock = iter(times)
    sampler = ReservoirSampler(2, 0.1, seed=0, clock=lambda: next(clock))
    one = np.array([keeps(sampler) for _ in times])
    other = tracing.kept(times, rng, reservoir=2, rate=0.1)
    sure = tracing.kept(times, rng, reservoir=2, rate=0)
    assert one[sure].all()
    assert other[sure].all()
    for found in (one, other):
        share = stats.share_interval(int(found[~sure].sum()), int((~sure).sum()))
        assert share.low < 0.1 < share.high


@pytest.mark.parametrize("rule", [(-1, 0.05), (0.5, 0.05), (True, 0.05), (1, 5), (1, -0.1)])
def test_bad_rules_are_refused(rule):
    with pytest.raises(ValueError, match="expected a"):
        ReservoirSampler(*rule)
    with pytest.raises(ValueError, match="expected a"):
        tracing.kept(np.zeros(1), np.random.default_rng(0), reservoir=rule[0], rate=rule[1])


@pytest.mark.parametrize("times", [[2, 1], [[1, 2]], [1, np.nan]])
def test_times_have_to_ascend(times):
    with pytest.raises(ValueError, match="ascending"):
        tracing.kept(times, np.random.default_rng(0))


def test_ids_and_header_have_the_form_of_x_ray():
    number = int("4efaaf4d1e8720b39541901950019ee5", 16)
    assert tracing.trace_id(number) == "1-4efaaf4d-1e8720b39541901950019ee5"
    context = SpanContext(number, 0x53995C3F42CD8AD8, False, TraceFlags(1))
    assert tracing.header(context) == (
        "Root=1-4efaaf4d-1e8720b39541901950019ee5;Parent=53995c3f42cd8ad8;Sampled=1"
    )
    with pytest.raises(ValueError, match="no trace id"):
        tracing.trace_id(0)
    with pytest.raises(ValueError, match="no span"):
        tracing.header(trace.INVALID_SPAN_CONTEXT)


def spans_of_one_request(exporter, other, *, code=200, **attributes):
    """One request: a calls b, at given times."""
    ids = SeededIds(0)
    a, b = tracing.tracer("a", exporter, ids=ids), tracing.tracer("b", other, ids=ids)
    root = a.start_span("GET /", kind=SpanKind.SERVER, start_time=10**18)
    call = a.start_span(
        "b",
        context=trace.set_span_in_context(root),
        kind=SpanKind.CLIENT,
        start_time=10**18 + 10**6,
    )
    given = trace.NonRecordingSpan(
        SpanContext(*call.get_span_context()[:2], True, TraceFlags(1))
    )
    inner = b.start_span(
        "work",
        trace.set_span_in_context(given),
        SpanKind.SERVER,
        start_time=10**18 + 2 * 10**6,
    )
    for key, value in attributes.items():
        inner.set_attribute(key, value)
    inner.set_attribute("http.response.status_code", code)
    inner.end(10**18 + 3 * 10**6)
    call.end(10**18 + 4 * 10**6)
    root.end(10**18 + 5 * 10**6)


def test_segments_hold_their_calls_and_name_their_parents():
    sent = []
    spans_of_one_request(SegmentExporter(sent.append), SegmentExporter(sent.append))
    called, entry = sent
    (call,) = entry["subsegments"]
    assert (entry["name"], call["name"], called["name"]) == ("a", "b", "b")
    assert called["parent_id"] == call["id"]
    assert "parent_id" not in entry
    assert call["namespace"] == "remote"
    assert "trace_id" not in call
    assert entry["trace_id"] == called["trace_id"]
    assert re.fullmatch("1-[0-9a-f]{8}-[0-9a-f]{24}", entry["trace_id"])
    assert all(re.fullmatch("[0-9a-f]{16}", part["id"]) for part in (entry, call, called))
    assert entry["end_time"] - entry["start_time"] == pytest.approx(0.005, abs=1e-6)
    json.dumps(sent)


@pytest.mark.parametrize(
    ("code", "flags"),
    [(200, set()), (404, {"error"}), (429, {"error", "throttle"}), (500, {"fault"})],
)
def test_status_codes_become_flags(code, flags):
    sent = []
    exporter = SegmentExporter(sent.append)
    spans_of_one_request(exporter, exporter, code=code)
    assert {key for key in ("error", "throttle", "fault") if key in sent[0]} == flags
    assert sent[0]["http"] == {"response": {"status": code}}


def test_an_exception_is_a_fault():
    sent = []
    with pytest.raises(KeyError):  # noqa: SIM117
        with tracing.tracer("a", SegmentExporter(sent.append)).start_as_current_span("a"):
            raise KeyError("a")
    assert sent[0]["fault"] is True


def test_attributes_are_metadata_unless_they_are_listed():
    sent = []
    exporter = SegmentExporter(sent.append, annotations=["shop_kind"])
    spans_of_one_request(exporter, exporter, shop_kind="busy", items=3)
    assert sent[0]["annotations"] == {"shop_kind": "busy"}
    assert sent[0]["metadata"] == {"default": {"items": 3}}
    with pytest.raises(ValueError, match="list"):
        SegmentExporter(sent.append, annotations="shop_kind")


def test_a_call_whose_segment_never_ends_is_sent_alone():
    sent = []
    exporter = SegmentExporter(sent.append)
    tracer = tracing.tracer("a", exporter)
    root = tracer.start_span("a")
    tracer.start_span("call", context=trace.set_span_in_context(root)).end()
    assert sent == []
    exporter.shutdown()
    assert sent[0]["type"] == "subsegment"
    assert sent[0]["parent_id"] == f"{root.get_span_context().span_id:016x}"


def test_a_document_that_is_too_large_is_told_and_not_sent(caplog):
    sent = []
    with (
        caplog.at_level(logging.ERROR),
        tracing.tracer("a", SegmentExporter(sent.append)).start_as_current_span(
            "a"
        ) as span,
    ):
        span.set_attribute("text", "x" * 70_000)
    assert sent == []
    assert "64,000 at most" in caplog.text


def test_what_the_caller_decided_is_not_decided_again():
    sent = []
    never = ReservoirSampler(0, 0)
    a = tracing.tracer("a", SegmentExporter(sent.append), sampler=never)
    for sampled in (0, 1):
        given = SpanContext(7, 8, True, TraceFlags(sampled))
        around = trace.set_span_in_context(trace.NonRecordingSpan(given))
        a.start_span("a", context=around).end()
        a.start_span("a").end()
    assert [document["parent_id"] for document in sent] == [f"{8:016x}"]


def test_names_of_services_have_a_length():
    for name in ("", "x" * 201):
        with pytest.raises(ValueError, match="letters"):
            tracing.tracer(name, SegmentExporter(print))

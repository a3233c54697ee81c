import pytest

from labs_lib.monitor import call_graph, services
from labs_lib.monitor.services import Services

CALLS = {"checkout": [["features", "model"]], "features": [["history"]]}
SECONDS = {"checkout": 0.002, "features": 0.002, "history": 0.002, "model": 0.002}


def test_four_processes_tell_of_each_request_or_none_and_end():
    with Services(CALLS, SECONDS, reservoir=3, rate=0) as shop:
        answers = shop.ask(8, work={"model": 0})
        silent = shop.ask(2, headers=services.NOT_SAMPLED)
    assert all(process.poll() == 0 for process in shop._processes.values())
    sampled = [answer for answer in answers if answer["header"].endswith("Sampled=1")]
    assert len(sampled) >= 3
    assert all(answer["header"].endswith("Sampled=0") for answer in silent)
    traces = call_graph.from_segments(shop.documents)
    assert len(traces) == len(sampled)
    assert len(shop.documents) == 4 * len(sampled)
    roots = {answer["header"].split(";")[0].removeprefix("Root=") for answer in sampled}
    assert {document["trace_id"] for document in shop.documents} == roots
    assert dict(traces.parents) == {
        "checkout": None,
        "features": "checkout",
        "model": "checkout",
        "history": "features",
    }
    assert (traces.start >= 0).all()


def test_what_is_wrong_is_told_and_nothing_is_left_running():
    with pytest.raises(ValueError, match="no work"):
        Services(CALLS, {"checkout": 0.1})
    with Services({}, {"a": 0.0}, warm=0) as shop:
        for work in ({"b": 1}, {"a": -1}, {"a": float("nan")}):
            with pytest.raises(ValueError, match="expected one of"):
                shop.ask(1, work=work)
        shop.ports["a"], port = 1, shop.ports["a"]
        with pytest.raises(OSError):  # noqa: PT011
            shop.ask(1)
        shop.ports["a"] = port
    shop.close()  # once more does no harm
    assert shop._processes["a"].poll() == 0


def test_an_error_in_a_called_service_reaches_the_user_and_the_segments():
    with (
        Services({"a": [["b"]]}, {"a": 0.0, "b": 0.0}, reservoir=9, warm=0) as shop,
        pytest.raises(RuntimeError, match="status 500"),
    ):
        shop.ask(1, work={"b": float("inf")})
    faults = {document["name"] for document in shop.documents if document.get("fault")}
    assert faults == {"a", "b"}


def test_services_that_say_nothing_are_given_up_and_ended(monkeypatch):
    monkeypatch.setattr(services, "_PATIENCE", 0.2)
    monkeypatch.setattr(services, "_START", "import time; time.sleep(600)")
    kept = []
    start = Services._process
    monkeypatch.setattr(
        Services, "_process", staticmethod(lambda: kept.append(start()) or kept[-1])
    )
    with pytest.raises(RuntimeError, match="did not start"):
        Services(CALLS, SECONDS)
    assert len(kept) == 4
    assert all(process.poll() is not None for process in kept)


def test_if_one_process_cannot_be_made_the_others_end(monkeypatch):
    kept = []
    start = Services._process

    def process():
        if len(kept) == 2:
            raise OSError("no more processes")
        kept.append(start())
        return kept[-1]

    monkeypatch.setattr(Services, "_process", staticmethod(process))
    with pytest.raises(OSError, match="no more"):
        Services(CALLS, SECONDS)
    assert all(process.poll() is not None for process in kept)

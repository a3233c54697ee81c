"""A pattern that a request brought cannot hold anybody up."""

import re
import time

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.sagemaker.patterns import Patterns

EVIL = {"Name": "evil", "Regex": "(a+)+b"}
GOOD = {"Name": "good", "Regex": "x=([0-9.]+)"}
LINE = "x=1 x=2 " + "a" * 60


@pytest.fixture
def said():
    return []


def test_what_is_found(said):
    patterns = Patterns([GOOD, {"Name": "none", "Regex": "x="}], said.append)
    assert patterns.search("x=1, x=2.5") == [("good", "1"), ("good", "2.5")]
    assert patterns.search("y \u00e9\n") == []
    process = psutil.Process(patterns._process.pid)
    patterns.close()
    assert not process.is_running()
    assert said == []


@pytest.mark.parametrize("definitions", [[EVIL, GOOD], [GOOD, EVIL], [EVIL, GOOD, EVIL]])
def test_a_pattern_that_takes_for_ever_is_given_up(definitions, said):
    patterns = Patterns(definitions, said.append)
    begun = time.monotonic()
    assert patterns.search(LINE) == [("good", "1"), ("good", "2")]
    assert time.monotonic() - begun < 20
    evil = definitions.count(EVIL)
    assert len(said) == evil
    assert "evil is not searched any more" in said[0]
    assert patterns.search(LINE) == [("good", "1"), ("good", "2")]
    assert len(said) == evil
    patterns.close()


def test_a_pattern_ends_by_itself_when_its_server_is_gone(said):
    patterns = Patterns([EVIL], said.append)
    patterns._process = patterns._start()
    process = psutil.Process(patterns._process.pid)
    patterns._process.stdin.write(b'"%s"\n' % (b"a" * 60))
    patterns._process.stdin.close()
    process.wait(20)
    patterns.close()


@settings(max_examples=25, deadline=None)
@given(
    st.text("ab=1.", max_size=12), st.sampled_from(["(a|b)=", "a(.)", "(1)|(b)", "^(.*)$"])
)
def test_it_finds_what_re_finds(text, pattern):
    patterns = Patterns([{"Name": "m", "Regex": pattern}], pytest.fail)
    expected = [("m", m[1]) for m in re.finditer(pattern, text) if m[1] is not None]
    assert patterns.search(text) == expected
    patterns.close()

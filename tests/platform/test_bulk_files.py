import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.platform import bulk_files
from labs_lib.platform.errors import Refusal

# The example of the guide.
VERTICES = """\
~id, name:String, age:Int, lang:String, interests:String[], ~label
v1, "marko", 29, , "sailing;graphs", person
v2, "lop", , "java", , software
"""
EDGES = """\
~id, ~from, ~to, ~label, weight:Double
e1, v1, v2, created, 0.4
"""


def test_the_example_of_the_guide():
    vertices = bulk_files.read_vertices(VERTICES).to_pylist()
    assert vertices == [
        {
            "~id": "v1",
            "name": "marko",
            "age": 29,
            "lang": None,
            "interests": ["sailing", "graphs"],
            "~label": ["person"],
        },
        {
            "~id": "v2",
            "name": "lop",
            "age": None,
            "lang": "java",
            "interests": None,
            "~label": ["software"],
        },
    ]
    assert bulk_files.read_edges(EDGES).to_pylist() == [
        {"~id": "e1", "~from": "v1", "~to": "v2", "~label": "created", "weight": 0.4}
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a:Bool", pa.bool_()),
        ("a:Boolean", pa.bool_()),
        ("a:Byte", pa.int8()),
        ("a:Short", pa.int16()),
        ("a:Int", pa.int32()),
        ("a:Long", pa.int64()),
        ("a:Float", pa.float32()),
        ("a:Double", pa.float64()),
        ("a:String", pa.string()),
        ("a:Date", pa.timestamp("us")),
        ("a:Datetime", pa.timestamp("us")),
        ("a", pa.string()),
    ],
)
def test_types_of_the_guide(name, kind):
    found = bulk_files.header(name)
    assert (found.name, found.type, found.several) == ("a", kind, False)
    assert found.cardinality == "set"


def test_cardinality():
    assert bulk_files.header("age:Int(single)").cardinality == "single"
    assert bulk_files.header("age:Int(set)").cardinality == "set"
    tags = bulk_files.header("tags:String[]")
    assert (tags.several, tags.cardinality) == (True, "set")
    assert bulk_files.header("weight:Double", edge=True).cardinality == "single"


def test_a_vertex_has_several_labels_or_the_usual_one():
    table = bulk_files.read_vertices("~id,~label\na,person;admin\nb,\n")
    assert table["~label"].to_pylist() == [["person", "admin"], ["vertex"]]
    assert bulk_files.read_vertices("~id\na\n")["~label"].to_pylist() == [["vertex"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("~label\nperson\n", "~id"),
        ("~id,~from\na,b\n", "~from is no column"),
        ("~id,age:Number\na,1\n", "age:Number"),
        ("~id,age:Int(list)\na,1\n", "age:Int"),
        ("~id,:Int\na,1\n", ":Int"),
        ("~id,age:Int\na,x\n", "line 2: 'x'"),
        ("~id,age:Byte\na,128\n", "line 2: '128'"),
        ("~id,age:Int\na,1.5\n", "line 2: '1.5'"),
        ("~id,ok:Bool\na,yes\n", "line 2: 'yes'"),
        ("~id,day:Date\na,yesterday\n", "line 2"),
        ("~id,age:Int\na\n", "line 2 has 1 cells"),
        ("~id,age:Int,age:Long\na,1,2\n", "twice"),
        ("~id,age:Int\n,1\n", "no ~id"),
    ],
)
def test_a_file_that_is_not_loaded(text, message):
    with pytest.raises(Refusal) as error:
        bulk_files.read_vertices(text)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("~id,~from,~label\ne,a,uses\n", "~to"),
        ("~id,~from,~to,~label\ne,a,,uses\n", "no ~to"),
        ("~id,~from,~to,~label\ne,a,b,\n", "no ~label"),
        ("~id,~from,~to,~label,w:Int[]\ne,a,b,uses,1\n", "has one"),
        ("~id,~from,~to,~label,w:Int(set)\ne,a,b,uses,1\n", "has one"),
    ],
)
def test_a_file_of_edges_that_is_not_loaded(text, message):
    with pytest.raises(Refusal) as error:
        bulk_files.read_edges(text)
    assert message in str(error.value)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(
                st.characters(categories=("L", "N"), include_characters=' ,"'), min_size=1
            )
            .map(str.strip)
            .filter(bool),
            st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1)),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda row: row[0],
    )
)
def test_what_was_written_is_read_back(rows):
    names, ages = zip(*rows, strict=True)
    frame = pd.DataFrame({"~id": names, "age:Int": pd.array(ages, dtype="Int64")})
    table = bulk_files.read_vertices(bulk_files.write(frame))
    assert table["~id"].to_pylist() == list(names)
    assert table["age"].to_pylist() == list(ages)


def test_numbers_keep_their_value():
    values = np.random.default_rng(0).normal(size=50)
    frame = pd.DataFrame({"~id": [f"v{i}" for i in range(50)], "x:Double": values})
    table = bulk_files.read_vertices(bulk_files.write(frame))
    assert table["x"].to_pylist() == values.tolist()

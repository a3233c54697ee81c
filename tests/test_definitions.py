"""The hash of code and all that it reaches: what makes rows and notebooks stale, what not."""

import ast
import itertools
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from labs_lib import definitions, files
from labs_lib.settings import ROOT

TOY = {
    "__init__.py": '"""A package."""\n\n__version__ = "0.1.0"\n',
    "settings.py": '''"""Settings."""
import os

MODES = ("learn", "test")


def jobs() -> int:
    """Return how many."""
    value = os.environ.get("JOBS", "2")
    if not value.isdigit():
        known = f"one of {MODES}"
        raise ValueError(f"JOBS is {value!r}, expected {known}.")
    return int(value)


def other():
    return 1
''',
    "data.py": '''"""Loaders of ``unused.parquet`` and others."""
import pandas as pd

REBUILT = ("unused.parquet",)


def _checked(name):
    """Return the path of unused.parquet or another."""
    mend = "rebuild" if name in REBUILT else "get"
    if not name:
        raise FileNotFoundError(f"missing, {mend} it")
    return f"data/{name}"


def load_people():
    """See "unused.parquet"."""
    return pd.read_parquet(_checked("people.parquet"))


def load_unused():
    return pd.read_parquet(_checked("unused.parquet"))
''',
    "world/__init__.py": '"""The world."""\nfrom labs_lib.world.draw import draw as simulate\n',
    "world/draw.py": '''from collections.abc import Sequence

import numpy as np

from . import shapes
from .shapes import *

RATE = 0.01
UNUSED = 1


def draw(seed: int, *, n: int = 10) -> "np.ndarray":
    """Draw numbers."""
    from ..settings import jobs

    rng = np.random.default_rng(seed)
    assert n > 0, "too few"
    values: Sequence[float] = rng.normal(size=n) * RATE
    return Circle(jobs()).scaled(values), shapes.kind("circle")


def stretch(seed):
    return seed
''',
    "world/shapes.py": '''import dataclasses
import typing

FACTOR = 3
KINDS = {"round": 0}
HOOKS = []


class Shape:
    """A shape."""

    unused: typing.ClassVar[int] = 0

    def scaled(self, values):
        return values * FACTOR


@dataclasses.dataclass
class Circle(Shape):
    size: int
    color: str = "red"

    def area(self):
        return self.size**2


def kind(name):
    return KINDS.get(name), [hook(name) for hook in HOOKS]


def hook(function):
    HOOKS.append(function)
    return function


KINDS.update(circle=1)
''',
    "distances.py": """def near(a, b):
    return abs(a - b) < LIMIT


def far(a, b):
    return not near(a, b)


LIMIT = 5
""",
    "engine.py": """import numpy as np

from labs_lib import distances


def compare(a, b, name):
    return getattr(distances, name)(a, b)


def fallback(x):
    try:
        return np.log(x)
    except ValueError:
        return None
""",
    "plugins.py": '''"""Things that register themselves."""
from labs_lib.world.shapes import KINDS, hook


@hook
def loud(name):
    return name.upper()


KINDS["square"] = 4


def quiet(name):
    return name
''',
}

CODE = """
from labs_lib import data, engine, plugins, world

REPEATS = 3

def repeat(seed):
    people = data.load_people()
    drawn = world.simulate(seed)
    return engine.compare(people, drawn, "near")
"""


class Tree:
    """A small package in a folder of its own."""

    def __init__(self, root: Path):
        self.root = root
        for file, text in TOY.items():
            self.write(file, text)
        sums = "".join(
            f"{digit * 64}  {name}.parquet\n"
            for digit, name in (("a", "people"), ("b", "unused"))
        )
        files.write_text(root / "data" / "SHA256SUMS", sums)

    def write(self, file: str, text: str) -> None:
        files.write_text(self.root / "labs_lib" / file, text)

    def change(self, file: str, old: str, new: str) -> None:
        path = self.root / ("data" if file == "SHA256SUMS" else "labs_lib") / file
        text = path.read_text(encoding="utf-8")
        assert old in text, (file, old)
        files.write_text(path, text.replace(old, new))

    def digest(self, code: str = CODE, **options) -> str:
        return definitions.digest(code, root=self.root, **options)


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


WORDS = [
    ("settings.py", "JOBS is {value!r}, expected", "JOBS was {value!r}, wanted"),
    ("settings.py", "one of", "any of"),
    ("settings.py", '("learn", "test")', '("learn", "test", "build")'),
    ("settings.py", "def other", "def third():\n    return 3\n\n\ndef other"),
    ("settings.py", "return 1", "return 2"),
    ("settings.py", "Return how many", "How many"),
    ("settings.py", "-> int", "-> float"),
    ("data.py", "def load_unused", "def load_more():\n    return 1\n\n\ndef load_unused"),
    ("data.py", '("unused.parquet",)', '("unused.parquet", "people.parquet")'),
    ("data.py", "missing, {mend} it", "gone: {mend}"),
    ("world/draw.py", "seed: int", "seed"),
    ("world/draw.py", "n: int", "n: float"),
    ("world/draw.py", "values: Sequence[float] =", "values ="),
    ("world/draw.py", '"too few"', '"not enough"'),
    ("world/draw.py", "UNUSED = 1", "UNUSED = 2"),
    ("world/draw.py", "return seed\n", "return seed + 1\n"),
    ("world/shapes.py", "size: int", "size: float"),
    ("world/shapes.py", "self.size**2", "self.size ** 2  # of a square"),
    ("__init__.py", "0.1.0", "0.2.0"),
    ("engine.py", "return np.log(x)", "return np.log2(x)"),
    ("plugins.py", "return name\n", "return name * 2\n"),
    ("SHA256SUMS", "bbbb", "bbcc"),
]

CHANGES = [
    ("settings.py", '"JOBS", "2"', '"JOBS", "3"'),
    ("settings.py", "not value.isdigit()", "not value.isalnum()"),
    ("settings.py", "raise ValueError(", "raise TypeError("),
    ("data.py", "people.parquet", "unused.parquet"),
    ("SHA256SUMS", "aaaa", "aacc"),
    ("world/__init__.py", "import draw as", "import stretch as"),
    ("world/draw.py", "RATE = 0.01", "RATE = 0.02"),
    ("world/draw.py", "n: int = 10", "n: int = 20"),
    ("world/draw.py", "assert n > 0", "assert n > 1"),
    ("world/draw.py", "np.random", "np.other"),
    ("world/draw.py", "import numpy as np", "import cupy as np"),
    ("world/shapes.py", "FACTOR = 3", "FACTOR = 4"),
    ("world/shapes.py", "return values * FACTOR", "return values + FACTOR"),
    ("world/shapes.py", "self.size**2", "self.size**3"),
    ("world/shapes.py", 'color: str = "red"', 'color: str = "blue"'),
    ("world/shapes.py", "    size: int\n", "    size: int\n    more: int\n"),
    ("world/shapes.py", "typing.ClassVar[int]", "int"),
    ("world/shapes.py", "circle=1", "circle=2"),
    ("world/shapes.py", '{"round": 0}', '{"round": 1}'),
    ("distances.py", "LIMIT = 5", "LIMIT = 6"),
    ("distances.py", "return not near", "return near"),
    ("plugins.py", "name.upper()", "name.lower()"),
    ("plugins.py", '"square"] = 4', '"square"] = 5'),
]


@pytest.mark.parametrize(("file", "old", "new"), WORDS)
def test_words_and_what_is_not_reached_do_not_count(tree, file, old, new):
    before = tree.digest()
    tree.change(file, old, new)
    assert tree.digest() == before


@pytest.mark.parametrize(("file", "old", "new"), CHANGES)
def test_what_is_reached_counts(tree, file, old, new):
    before = tree.digest()
    tree.change(file, old, new)
    assert tree.digest() != before


@rules(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    words=st.lists(st.sampled_from(WORDS), unique_by=lambda edit: edit[:2], max_size=6),
    changes=st.lists(st.sampled_from(CHANGES), max_size=2, unique=True),
    number=st.integers(0, 10**9),
)
def test_any_number_of_edits_count_if_one_of_them_does(tmp_path, words, changes, number):
    tree = Tree(tmp_path)
    before = tree.digest()
    for file, old, new in [*words, *changes]:
        try:
            tree.change(file, old, new)
        except AssertionError:  # an edit before took its place
            if (file, old, new) in changes:
                return
    assert (tree.digest() != before) == bool(changes)


# The code itself -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("REPEATS = 3", "REPEATS = 4", True),
        ('"near"', '"far"', True),
        ("REPEATS = 3", "REPEATS  =  3  # enough", False),
        ("people = data.load_people()", "people: object = data.load_people()", False),
        ("(seed):\n", '(seed):\n    """Once more."""\n', False),
        ("from labs_lib import data,", "from labs_lib import data as data,", False),
        ("data.load_people", "data.load_unused", True),
    ],
)
def test_the_code_itself(tree, old, new, counts):
    assert old in CODE
    assert (tree.digest(CODE.replace(old, new)) != tree.digest()) == counts


def test_settings_count(tree):
    assert tree.digest(settings={"seeds": 20}) == tree.digest(settings={"seeds": 20})
    hashes = {
        tree.digest(settings=settings) for settings in (None, {"seeds": 20}, {"seeds": 30})
    }
    assert len(hashes) == 3
    with pytest.raises(ValueError, match="settings are no JSON values"):
        tree.digest(settings={"seeds": object()})


def test_names_leave_out_the_rest_of_the_code(tree):
    code = CODE + "\n\ndef more():\n    return data.load_unused()\n\nprint(repeat(0))\n"
    before = tree.digest(code, names=["repeat"])
    assert tree.digest(code.replace("REPEATS = 3", ""), names=["repeat"]) == before
    assert tree.digest(code.replace("load_unused()", "f()"), names=["repeat"]) == before
    assert tree.digest(code, names=["repeat", "REPEATS"]) != before
    with pytest.raises(ValueError, match="the code defines no absent, gone"):
        tree.digest(code, names=["repeat", "absent", "gone"])


def test_code_that_is_no_python(tree):
    with pytest.raises(ValueError, match="the code is no Python, line 2"):
        tree.digest("x = 1\nx = = 1\n")
    tree.write("engine.py", "def")
    with pytest.raises(ValueError, match="engine.py is no Python, line 1"):
        tree.digest()


def test_code_without_the_package(tree):
    assert tree.digest("x = 1") != tree.digest("x = 2")
    assert tree.digest("import json\njson.dumps") != tree.digest("import yaml\nyaml.dumps")
    assert len(tree.digest("")) == 64


def test_importing_a_name_is_enough(tree):
    before = tree.digest("from labs_lib.world.draw import RATE")
    tree.change("world/draw.py", "UNUSED = 1", "UNUSED = 2")
    assert tree.digest("from labs_lib.world.draw import RATE") == before
    tree.change("world/draw.py", "RATE = 0.01", "RATE = 0.02")
    assert tree.digest("from labs_lib.world.draw import RATE") != before


def test_which_name_is_which_counts(tree):
    use = "\nnear(far(1, 2), 3)"
    one = tree.digest(f"from labs_lib.distances import near, far{use}")
    other = tree.digest(f"from labs_lib.distances import near as far, far as near{use}")
    assert one != other


# Modules that move -----------------------------------------------------------------------


def test_a_module_that_moves_changes_nothing(tree):
    before = tree.digest()
    folder = tree.root / "labs_lib"
    (folder / "deep").mkdir()
    files.write_text(folder / "deep" / "__init__.py", '"""Nothing."""\n')
    (folder / "distances.py").rename(folder / "deep" / "measures.py")
    tree.change("engine.py", "import distances", "deep")
    tree.change("engine.py", "from labs_lib deep", "import labs_lib.deep.measures as other")
    tree.change("engine.py", "getattr(distances", "getattr(other")
    (folder / "world" / "shapes.py").rename(folder / "deep" / "forms.py")
    tree.change("world/draw.py", "from . import shapes", "import labs_lib.deep.forms")
    tree.change("world/draw.py", "from .shapes", "from ..deep.forms")
    tree.change("world/draw.py", "shapes.kind", "labs_lib.deep.forms.kind")
    tree.change("plugins.py", "labs_lib.world.shapes", "labs_lib.deep.forms")
    assert tree.digest() == before


def test_the_folder_does_not_count(tree, tmp_path):
    shutil.copytree(tree.root, tmp_path / "elsewhere")
    assert definitions.digest(CODE, root=tmp_path / "elsewhere") == tree.digest()


def test_line_ends_do_not_count(tree):
    before = tree.digest()
    for file in (tree.root / "labs_lib").rglob("*.py"):
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert tree.digest() == before


# Ways to reach something ------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "from labs_lib import distances\ndistances.near(1, 2)",
        "from labs_lib import distances as d\nd.near(1, 2)",
        "import labs_lib.distances\nlabs_lib.distances.near(1, 2)",
        "from labs_lib.distances import near as f\nf(1, 2)",
        "from labs_lib.distances import *",
        "def f():\n    from labs_lib.distances import near\n    return near",
        "def f():\n    import labs_lib.distances as d\n    return lambda: d.near(1, 2)",
        "class A:\n    from labs_lib.distances import near",
        "from labs_lib import distances\nfunctions = [distances]",
        "from labs_lib import distances\nvars(distances)",
        "from labs_lib import engine\nengine.compare(1, 2, 'x')",
        "from labs_lib import engine\nengine.distances.near",
        "import importlib\nimportlib.import_module('labs_lib.distances')",
        "import importlib\nimportlib.import_module(f'labs_lib.dist{1}')",
        "import sys\nsys.modules['labs_lib.distances']",
        "import subprocess\nsubprocess.run(['python', '-m', 'labs_lib.distances'])",
        "import subprocess\nsubprocess.run(['x', 'from labs_lib.distances import near'])",
        "try:\n    from labs_lib.distances import near\nexcept ImportError:\n    near = 0\nnear",
        "if x:\n    from labs_lib.distances import near\nelse:\n    near = len\nnear",
        "from labs_lib.distances import near\n[near for near in near(1, 2)]",
        "from labs_lib.distances import near\n[near for x in y]\ndef f(near): return near",
        "from labs_lib.distances import near\n@near\ndef f(): pass",
        "from labs_lib.distances import near\ndef f(x=near): pass",
        "from labs_lib.distances import near\ndef f():\n    try: pass\n    except near: pass",
    ],
)
def test_reached(tree, code):
    before = tree.digest(code)
    tree.change("distances.py", "LIMIT = 5", "LIMIT = 6")
    assert tree.digest(code) != before


@pytest.mark.parametrize(
    "code",
    [
        "from labs_lib import distances",
        "from labs_lib import distances\ndistances.__name__",
        "import labs_lib",
        "from labs_lib import engine\nengine.fallback(1)",
        "import labs_lib.distances",
        "from labs_lib import distances\ndef f(distances):\n    return distances",
        "from labs_lib import distances\ndef f():\n    distances = 1\n    return distances.near",
        "from labs_lib import distances\n[distances.near for distances in x]",
        "from labs_lib import distances\ndef f(x: distances.near) -> distances: pass",
        "from labs_lib import distances\nlambda distances: distances.near",
        "x = 'labs_lib.distances'",
        "def f():\n    '''from labs_lib.distances import near'''",
    ],
)
def test_not_reached(tree, code):
    before = tree.digest(code)
    tree.change("distances.py", "LIMIT = 5", "LIMIT = 6")
    assert tree.digest(code) == before


PLUGIN = """
from labs_lib import table
from labs_lib.table import TABLE, Base, add, convert, later, put, registered


def extra():
    return 1


{statement}
"""

TABLE = '''
import functools

TABLE = {"a": 1}
KNOWN = []


def registered(function):
    """Add a function to the table."""
    put(function.__name__, function)
    return function


def put(name, value):
    global LAST
    TABLE[name] = LAST = value


def add(table, value):
    table.update(x=value)


class Base:
    def __init_subclass__(cls):
        KNOWN.append(cls)


@functools.singledispatch
def convert(value):
    return value


def later():
    return 0


def get():
    return TABLE["a"], KNOWN, convert(1), later.cache
'''


@pytest.mark.parametrize(
    "statement",
    [
        "TABLE['b'] = extra",
        "TABLE.update(b=extra)",
        "TABLE |= {'b': extra}",
        "del TABLE[extra()]",
        "table.TABLE['b'] = extra",
        "table.get = extra",
        "old = TABLE.pop('a', extra)",
        "put('b', extra)",
        "value = put('b', extra)",
        "add(TABLE, extra)",
        "@registered\ndef more():\n    return extra()",
        "for name in 'bc':\n    TABLE[name] = extra",
        "if extra:\n    TABLE['b'] = extra",
        "try:\n    TABLE['b'] = extra\nexcept KeyError:\n    pass",
        "class More(Base):\n    value = extra()",
        "class More:\n    TABLE['b'] = extra()",
        "@convert.register\ndef more(value: int):\n    return extra()",
        "convert.register(int, extra)",
        "later.cache = extra",
        "setattr(later, 'cache', extra)",
        "import os\nos.environ['b'] = str(extra())",
        "import numpy as np\nnp.seterr(**extra())",
        "print(extra())",
    ],
)
def test_a_statement_that_changes_what_is_reached(tree, statement):
    code = "from labs_lib import plugin, table\ntable.get()"
    tree.write("table.py", TABLE)
    tree.write("plugin.py", PLUGIN.format(statement=statement))
    before = tree.digest(code)
    assert tree.digest("from labs_lib import table\ntable.get()") != before
    tree.change("plugin.py", "return 1", "return 2")
    assert tree.digest(code) != before


@pytest.mark.parametrize(
    "statement",
    [
        "value = TABLE",
        "value = TABLE.get('a', extra)",
        "value = [TABLE, extra]",
        "def more():\n    TABLE['b'] = extra",
        "if __name__ == '__main__':\n    TABLE['b'] = extra",
        "class More:\n    def put(self):\n        TABLE['b'] = extra",
        "import functools\n@functools.cache\ndef more():\n    return extra()",
    ],
)
def test_a_statement_that_only_reads(tree, statement):
    code = "from labs_lib import plugin, table\ntable.get()"
    tree.write("table.py", TABLE)
    tree.write("plugin.py", PLUGIN.format(statement=statement))
    before = tree.digest(code)
    tree.change("plugin.py", "return 1", "return 2")
    assert tree.digest(code) == before


def test_annotations_count_where_they_register(tree):
    tree.write("table.py", TABLE)
    statement = "@convert.register\ndef more(value: int):\n    return extra()"
    tree.write("plugin.py", PLUGIN.format(statement=statement))
    code = "from labs_lib import plugin, table\ntable.get()"
    before = tree.digest(code)
    tree.change("plugin.py", "value: int", "value: str")
    assert tree.digest(code) != before


def test_a_module_with_names_made_on_demand(tree):
    tree.write(
        "lazy.py",
        "import importlib\n\nWHERE = {'near': '.distances'}\n\n\ndef __getattr__(name):\n"
        "    return getattr(importlib.import_module(WHERE[name], 'labs_lib'), name)\n",
    )
    before = tree.digest("from labs_lib import lazy\nlazy.near(1, 2)")
    assert tree.digest("from labs_lib import lazy\nlazy.far(1, 2)") != before
    tree.change("distances.py", "LIMIT = 5", "LIMIT = 6")
    assert tree.digest("from labs_lib import lazy\nlazy.near(1, 2)") != before


def test_a_module_that_reads_its_own_names(tree):
    tree.write(
        "own.py", "def a():\n    return globals()['b']()\n\n\ndef b():\n    return 1\n"
    )
    before = tree.digest("from labs_lib.own import a")
    tree.change("own.py", "return 1", "return 2")
    assert tree.digest("from labs_lib.own import a") != before


def test_circles(tree):
    tree.write(
        "one.py", "from labs_lib import two\n\n\ndef f(n):\n    return n and two.g(n)\n"
    )
    tree.write("two.py", "from labs_lib.one import f\n\n\ndef g(n):\n    return f(n - 1)\n")
    tree.write("three.py", "from labs_lib.four import x\n")
    tree.write("four.py", "from labs_lib.three import x\n")
    before = tree.digest("from labs_lib.one import f")
    tree.change("two.py", "n - 1", "n - 2")
    assert tree.digest("from labs_lib.one import f") != before
    assert len(tree.digest("from labs_lib.three import x\nx")) == 64


# Machinery, rows, data ---------------------------------------------------------------------


def test_machinery_does_not_count(tree):
    tree.write("course/__init__.py", "")
    tree.write("course/lab.py", "class Lab:\n    words = 1\n\n    def start(self): ...\n")
    tree.write(
        "exercises.py",
        "from labs_lib.course.lab import Lab\n\nlab = Lab('a')\n\n\n@lab.exercise('b')\ndef judge(x):\n    return 1\n",
    )
    code = "from labs_lib.exercises import lab\n\nlab.start()"
    before = tree.digest(code)
    tree.change("course/lab.py", "words = 1", "words = 2")
    assert tree.digest(code) == before
    tree.change("exercises.py", "return 1", "return 2")
    assert tree.digest(code) != before
    assert tree.digest(code.replace("lab.start", "lab.stop")) != before


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("store.load('a/x')", ["a/x"]),
        ("[store.load(name) for name in ('a/x', 'a/y')]", ["a/x", "a/y"]),
        ("[store.load(f'a/{name}') for name in ('x', 'y', 'z')]", ["a/x", "a/y"]),
        ("store.load('a/z')", []),
        ("NAMES = ['a/x']\n[store.load(name) for name in NAMES]", ["a/x"]),
    ],
)
def test_rows_that_are_loaded_count(tree, call, expected):
    tree.write("course/__init__.py", "")
    tree.write("course/store.py", "def load(name): ...\n")
    code = f"from labs_lib.course import store\n{call}"
    known = {"a/x": "1", "a/y": "2", "b/x": "3"}
    before = tree.digest(code, rows=known.get)
    counted = [
        name
        for name in known
        if tree.digest(code, rows=(known | {name: "changed"}).get) != before
    ]
    assert counted == expected


def test_rows_do_not_count_without_the_store(tree):
    code = "lab = 'a/x'"
    assert tree.digest(code, rows={"a/x": "1"}.get) == tree.digest(code)


@pytest.mark.parametrize(
    ("code", "counts"),
    [
        ("open('data/notes.json')", True),
        ("open(ROOT / 'data' / 'notes.json')", True),
        ("open('data/other.json')", False),
        ("'''See notes.json.'''", False),
        ("def f():\n    '''notes.json'''\n    return 1", False),
        ("def f():\n    raise ValueError('notes.json')", False),
    ],
)
def test_a_file_without_a_checksum_counts_with_its_content(tree, code, counts):
    file = tree.root / "data" / "notes.json"
    files.write_text(file, "{}")
    before = tree.digest(code)
    files.write_text(file, "[]")
    assert (tree.digest(code) != before) == counts


def test_without_a_list_of_checksums(tree):
    (tree.root / "data" / "SHA256SUMS").unlink()
    assert len(tree.digest()) == 64


# All versions of Python --------------------------------------------------------------------


def test_the_same_on_every_python(tree):
    # Syntax that versions of Python parse or print differently.
    code = '''"""Words."""
import labs_lib.distances as other
def repeat(seed: int = 0, /, *args, **options) -> "list[dict]":
    """More words."""
    width, text = 5, "\\U0001fae8 \\x7f é"
    label = f"{seed:>{width}.{width}f} {text!r:{width}}" "tail" f"{seed=}{seed:}"
    async def later(x): ...
    match seed:
        case {"a": [int(b), *_], **rest} | (1 | None as b): return other.near(b, rest)
    return [{"a": lambda *, b=None: (yield)}, u"u", b"b", 1_000, 1e3, 2j, ..., label]
'''
    assert tree.digest(code) == (
        "6aad9ae6f16c58fe38c3fa5e97aecb5666267c4b8fbee38fbcb96d359c4c77ac"
    )


# The repository itself ----------------------------------------------------------------------

LABS = ROOT / "labs_lib" / "labs"
EXPERIMENTS = sorted(
    ".".join(file.relative_to(LABS).with_suffix("").parts)
    for file in LABS.glob("*/*/experiments/*.py")
    if file.stem != "__init__"
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the package, whose files may be changed."""
    tree = object.__new__(Tree)
    tree.root = tmp_path_factory.mktemp("course")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "labs_lib", tree.root / "labs_lib", ignore=ignore)
    (tree.root / "data").mkdir()
    shutil.copy(ROOT / "data" / "SHA256SUMS", tree.root / "data")
    return tree


def hashes(tree) -> dict[str, str]:
    return {
        name: tree.digest(f"from labs_lib.labs.{name} import REPEATS, repeat")
        for name in EXPERIMENTS
    }


@pytest.fixture(scope="module")
def current(course):
    return hashes(course)


def stale(tree, current, file, old, new) -> set[str]:
    """Return which experiments an edit makes stale, and undo it."""
    path = tree.root / ("data" if file == "SHA256SUMS" else "labs_lib") / file
    text = path.read_text(encoding="utf-8")
    tree.change(file, old, new)
    try:
        found = hashes(tree)
    finally:
        files.write_text(path, text)
    return {name for name in EXPERIMENTS if found[name] != current[name]}


def reading(*words: str) -> set[str]:
    """Return the experiments whose own text, or that of a helper beside, has a word."""
    return {
        name for name in EXPERIMENTS if any(word in _with_helpers(name) for word in words)
    }


def _with_helpers(name: str) -> str:
    todo, seen = [f"labs.{name}"], {}
    while todo:
        module = todo.pop()
        file = ROOT / "labs_lib" / f"{module.replace('.', '/')}.py"
        if module in seen or not file.exists():
            continue
        seen[module] = text = file.read_text(encoding="utf-8")
        for found in re.findall(
            r"^from labs_lib\.([\w.]+) import (.+)$", text, re.MULTILINE
        ):
            package, names = found
            if package.startswith("labs.") or "event_worlds" in names:
                todo += [
                    package,
                    *(f"{package}.{n.split(' as ')[0]}" for n in names.split(", ")),
                ]
    return "\n".join(seen.values())


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("payments/split.py", "lies before", "comes before"),
        ("settings.py", "expected a whole number of at least 1", "expected 1 or more"),
        (
            "data.py",
            "def load_novels",
            "def load_more():\n    return _checked('more.csv')\n\n\ndef load_novels",
        ),
        ("payments/simulator.py", '"""Simulate card payments', '"""Draw card payments'),
        ("plots.py", "import", "import os\nimport"),
    ],
)
def test_rows_that_stay(course, current, file, old, new):
    assert stale(course, current, file, old, new) == set()


SIMULATED = ("payments.simulate(", "payments.quiet_world(")


def test_rows_of_a_new_category(course, current):
    found = stale(
        course, current, "schema.py", '    "tickets",\n', '    "tickets",\n    "toys",\n'
    )
    assert found == reading(*SIMULATED, "payments.causes(", "draw_causes(")
    assert found


def test_rows_of_another_world(course, current):
    found = stale(
        course,
        current,
        "payments/simulator.py",
        "UNREPORTED_SHARE = 0.03",
        "UNREPORTED_SHARE = 0.04",
    )
    assert found == reading(*SIMULATED)


def test_rows_of_an_edited_data_file(course, current):
    line = next(
        line
        for line in (ROOT / "data" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        if line.endswith("credit_default.parquet")
    )
    found = stale(course, current, "SHA256SUMS", line, f"{'0' * 64}{line[64:]}")
    assert found == reading("data.load_credit_default(") != set()


def test_layout_and_comments_never_count(course, current, tmp_path):
    plain = object.__new__(Tree)
    plain.root = tmp_path
    shutil.copytree(course.root, tmp_path, dirs_exist_ok=True)
    for file in (tmp_path / "labs_lib").rglob("*.py"):
        if "template" not in file.parts:
            text = ast.unparse(ast.parse(file.read_text(encoding="utf-8")))
            files.write_text(file, text)
    assert hashes(plain) == current


def test_every_pair_of_experiments_differs(current):
    assert all(current[a] != current[b] for a, b in itertools.combinations(EXPERIMENTS, 2))

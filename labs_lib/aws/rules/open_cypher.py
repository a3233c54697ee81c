"""What Neptune's openCypher does not take, found in the text of a query."""

import re
from collections.abc import Iterator

from labs_lib.aws.rules.rule import Remark, Rule

_TEXTS = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|//[^\n]*|/\*.*?\*/""", re.DOTALL
)

_REFUSED = (
    (r"\b(?:all)?shortestPaths?\s*\(", "shortestPath()", "a pattern with a range of hops"),
    (r"\bMANDATORY\s+MATCH\b", "MANDATORY MATCH", "MATCH or OPTIONAL MATCH"),
    (r"\bCALL\b[^{};]*\bYIELD\b", "CALL ... YIELD", "clauses of openCypher"),
    (r"\^", "the operator ^", "a product"),
    (r"\w\s*\[\s*\"\"\s*\]", "a property by its name as text", "n.name"),
    (
        r"\b(?:SKIP|LIMIT)\s+(?!(?:\d+|\$\w+)\b(?!\s*[-+*/%]))",
        "SKIP or LIMIT by an expression",
        "a constant",
    ),
    (
        r"\*\s*(?:ALL\s+|W)?(?:TRAIL|ACYCLIC|SHORTEST)\b",
        "a kind of walk in a pattern, which is Ladybug's",
        "[:NAME*1..4], where an edge is used once in any case",
    ),
    (
        r"\b(?:CREATE|ALTER|DROP)\s+(?:NODE|REL)?\s*TABLE\b|\bCOPY\s+\w+\s+(?:FROM|TO)\b",
        "a table, which is Ladybug's",
        "a load by StartLoaderJob",
    ),
)


def neptune_dialect(request: dict) -> Iterator[Remark]:
    """Find what the guide lists as missing; names and texts in quotes are not looked at."""
    query = request.get("openCypherQuery")
    if not isinstance(query, str):
        return

    def blank(found: re.Match[str]) -> str:
        return " " if found[0].startswith("/") else '""'

    bare = _TEXTS.sub(blank, query)
    for pattern, problem, instead in _REFUSED:
        if re.search(pattern, bare, re.IGNORECASE):
            yield "openCypherQuery", f"has {problem}", instead


DIALECT = Rule(neptune_dialect, "Neptune guide 2026, feature-opencypher-compliance")

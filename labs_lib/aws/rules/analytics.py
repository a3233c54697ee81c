"""Rules of requests to Glue, DMS, Redshift and Neptune: mostly JSON inside of texts."""

import re
from collections.abc import Iterator
from typing import Any

from labs_lib.aws.findings import show
from labs_lib.aws.rules import open_cypher
from labs_lib.aws.rules.rule import Remark, Rule, is_whole, read_json

# Glue


def crawler_targets(request: dict) -> Iterator[Remark]:
    if "Targets" in request and not any(request["Targets"].values()):
        yield "Targets", "is empty", "at least one target, such as S3Targets"


def crawler_configuration(request: dict) -> Iterator[Remark]:
    text = request.get("Configuration")
    if text is None:
        return
    found, problem = read_json(text)
    if problem or not isinstance(found, dict):
        allowed = 'an object as JSON, such as {"Version": 1.0}'
        yield "Configuration", problem or f"is {show(text)}", allowed
        return
    version = found.get("Version")
    if isinstance(version, bool) or version != 1.0:
        yield "Configuration.Version", f"is {show(version)}", "1.0"
    grouping = found.get("Grouping", {})
    policy = grouping.get("TableGroupingPolicy") if isinstance(grouping, dict) else grouping
    if grouping != {} and policy is not None and policy != "CombineCompatibleSchemas":
        path = "Configuration.Grouping.TableGroupingPolicy"
        yield path, f"is {show(policy)}", "CombineCompatibleSchemas"


def crawler_exclusions(request: dict) -> Iterator[Remark]:
    for index, target in enumerate(request.get("Targets", {}).get("S3Targets", [])):
        for number, pattern in enumerate(target.get("Exclusions", [])):
            if pattern is None:
                continue
            problem = glob_problem(pattern)
            if problem:
                path = f"Targets.S3Targets[{index}].Exclusions[{number}]"
                yield path, f"is {show(pattern)}: {problem}", "a glob pattern of the guide"


def glob_problem(pattern: str) -> str:
    """Return what is wrong with an exclude pattern of a crawler, empty if nothing is."""
    inside, brace, place = False, False, 0
    while place < len(pattern):
        letter = pattern[place]
        if letter == "\\":
            if place + 1 == len(pattern):
                return "nothing follows the last backslash"
            place += 1
        elif inside:
            inside = letter != "]"
        elif letter == "[":
            inside = True
        elif letter == "{":
            if brace:
                return "groups in braces cannot be nested"
            brace = True
        elif letter == "}":
            brace = False
        place += 1
    if inside:
        return "a bracket is not closed"
    return "a brace is not closed" if brace else ""


def _version(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d+\.\d+", text, re.ASCII) else None


_FLEX_WORKERS = ("G.1X", "G.2X")


def flex(request: dict) -> Iterator[Remark]:
    if request.get("ExecutionClass") != "FLEX":
        return
    version = _version(request.get("GlueVersion", "5.1"))
    if version is not None and version < 3.0:
        yield "GlueVersion", f"is {request['GlueVersion']!r} with FLEX", "3.0 or later"
    worker = request.get("WorkerType", "G.1X")
    if worker not in _FLEX_WORKERS:
        yield "WorkerType", f"is {worker!r} with FLEX", " or ".join(_FLEX_WORKERS)


PROJECTIONS = ("enum", "integer", "date", "injected")


def projection(request: dict) -> Iterator[Remark]:
    table = request.get("TableInput", {})
    parameters = table.get("Parameters", {})
    if parameters.get("projection.enabled", "false").lower() != "true":
        return
    at = "TableInput.Parameters"
    columns = [key["Name"] for key in table.get("PartitionKeys", []) if "Name" in key]
    for column in columns:
        name = f"projection.{column}"
        kind = parameters.get(f"{name}.type")
        if kind not in PROJECTIONS:
            problem = "is missing" if kind is None else f"is {kind!r}"
            yield f"{at}.{name}.type", problem, ", ".join(PROJECTIONS)
            continue
        needed = {"enum": "values", "integer": "range", "date": "range"}.get(kind)
        given = parameters.get(f"{name}.{needed}")
        if needed is not None and given is None:
            yield f"{at}.{name}.{needed}", "is missing", f"a value, for the type {kind}"
        elif kind == "integer" and not re.fullmatch(r"-?\d+,-?\d+", given or "", re.ASCII):
            yield f"{at}.{name}.range", f"is {given!r}", "two whole numbers, such as 1,12"
        elif kind == "date" and given is not None and given.count(",") != 1:
            yield f"{at}.{name}.range", f"is {given!r}", "two dates, such as 2020/01/01,NOW"
        if kind == "date" and f"{name}.format" not in parameters:
            yield f"{at}.{name}.format", "is missing", "a format, such as yyyy/MM/dd"
    template = parameters.get("storage.location.template")
    if template is not None:
        path = f"{at}.storage.location.template"
        for column in columns:
            if template.count(f"${{{column}}}") != 1:
                yield path, f"is {show(template)}", f"${{{column}}} once in it"
        if not template.endswith("/"):
            yield path, f"is {show(template)}", "a template that ends with /"


# DMS

_RULE_TYPES = ("selection", "transformation", "table-settings", "data-masking")
_ACTIONS = ("include", "exclude", "explicit")


def table_mappings(request: dict) -> Iterator[Remark]:
    text = request.get("TableMappings")
    if text is None:
        return
    found, problem = read_json(text)
    rules = found.get("rules") if isinstance(found, dict) else None
    if problem or not isinstance(rules, list) or not rules:
        allowed = 'an object with a list of rules: {"rules": [...]}'
        yield "TableMappings", problem or "has no rules", allowed
        return
    seen: dict[str, set] = {"rule-id": set(), "rule-name": set()}
    for index, rule in enumerate(rules):
        yield from _mapping(rule, f"TableMappings.rules[{index}]", seen)
    kinds = [rule.get("rule-type") for rule in rules if isinstance(rule, dict)]
    if "selection" not in kinds:
        yield "TableMappings.rules", "select no table", "at least one selection rule"


def _mapping(rule: Any, at: str, seen: dict[str, set]) -> Iterator[Remark]:
    if not isinstance(rule, dict):
        yield at, f"is {show(rule)}", "an object"
        return
    kind = rule.get("rule-type")
    if kind not in _RULE_TYPES:
        yield f"{at}.rule-type", f"is {show(kind)}", ", ".join(_RULE_TYPES)
    for name, known in seen.items():
        value = rule.get(name)
        if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
            yield f"{at}.{name}", f"is {show(value)}", "a value of its own for each rule"
        elif str(value) in known:
            yield f"{at}.{name}", f"is {show(value)} again", "each value once"
        known.add(str(value))
    locator = rule.get("object-locator")
    if not isinstance(locator, dict) or not isinstance(locator.get("schema-name"), str):
        allowed = 'schema and table, such as {"schema-name": "hr", "table-name": "%"}'
        yield f"{at}.object-locator", f"is {show(locator)}", allowed
    action = rule.get("rule-action")
    if kind == "selection" and action not in _ACTIONS:
        yield f"{at}.rule-action", f"is {show(action)}", ", ".join(_ACTIONS)
    if kind == "transformation" and not isinstance(action, str):
        yield f"{at}.rule-action", f"is {show(action)}", "what the rule does, as text"


def task_settings(request: dict) -> Iterator[Remark]:
    text = request.get("ReplicationTaskSettings")
    if text is None:
        return
    found, problem = read_json(text)
    if problem or not isinstance(found, dict):
        yield "ReplicationTaskSettings", problem or f"is {show(text)}", "an object as JSON"


# Redshift

_WLM = "Parameters.wlm_json_configuration"
MOST_SLOTS = 50
MOST_QUEUES = 8


def wlm(request: dict) -> Iterator[Remark]:
    for item in request.get("Parameters", []):
        if item.get("ParameterName") == "wlm_json_configuration":
            yield from _queues(item.get("ParameterValue", ""))


def _queues(text: str) -> Iterator[Remark]:
    found, problem = read_json(text)
    if (
        problem
        or not isinstance(found, list)
        or not all(isinstance(q, dict) for q in found)
    ):
        yield _WLM, problem or f"is {show(text)}", "a list of queues as JSON"
        return
    queues = [queue for queue in found if set(queue) - {"short_query_queue"}]
    user = [q for q in queues if q.get("user_group") or q.get("query_group")]
    if len(user) > MOST_QUEUES:
        yield _WLM, f"has {len(user)} queues of users", f"at most {MOST_QUEUES}"
    slots = 0
    for index, queue in enumerate(queues):
        if queue.get("auto_wlm"):
            continue
        given = queue.get("query_concurrency", 5)
        if not is_whole(given) or not 1 <= given <= MOST_SLOTS:
            allowed = f"a whole number, 1 to {MOST_SLOTS}"
            yield f"{_WLM}[{index}].query_concurrency", f"is {show(given)}", allowed
        else:
            slots += given
    if slots > MOST_SLOTS:
        yield _WLM, f"has {slots} slots in all", f"at most {MOST_SLOTS}"
    shares = [queue.get("memory_percent_to_use", 0) for queue in queues]
    if all(map(is_whole, shares)) and sum(shares) > 100:
        yield _WLM, f"gives away {sum(shares)} percent of the memory", "at most 100"
    yield from _monitoring_rules(queues)


def _monitoring_rules(queues: list[dict]) -> Iterator[Remark]:
    number = 0
    for index, queue in enumerate(queues):
        rules = queue.get("rules", [])
        for place, rule in enumerate(rules if isinstance(rules, list) else []):
            number += 1
            predicates = rule.get("predicate", []) if isinstance(rule, dict) else None
            if not isinstance(predicates, list) or not 1 <= len(predicates) <= 3:
                path = f"{_WLM}[{index}].rules[{place}].predicate"
                yield path, f"is {show(predicates)}", "a list of 1 to 3 predicates"
    if number > 25:
        yield _WLM, f"has {number} monitoring rules", "at most 25"


def where_to_run(request: dict) -> Iterator[Remark]:
    given = {"WorkgroupName", "ClusterIdentifier"} & request.keys()
    if len(given) != 1:
        problem = "is set beside ClusterIdentifier" if given else "is missing"
        yield "WorkgroupName", problem, "either WorkgroupName or ClusterIdentifier"


# Neptune


def query_parameters(request: dict) -> Iterator[Remark]:
    text = request.get("parameters")
    if text is not None:
        found, problem = read_json(text)
        if problem or not isinstance(found, dict):
            yield "parameters", problem or f"is {show(text)}", "an object as JSON"


_GLUE = "Glue guide 2026"
_WLM_GUIDE = "Redshift guide 2026, cm-c-defining-query-queues"

RULES: dict[tuple[str, str], tuple[Rule, ...]] = {
    **{
        ("glue", name): (
            Rule(crawler_targets, "text of the service model, shape CrawlerTargets"),
            Rule(crawler_configuration, f"{_GLUE}, crawler-grouping-policy"),
            Rule(crawler_exclusions, f"{_GLUE}, define-crawler-choose-data-sources"),
        )
        for name in ("CreateCrawler", "UpdateCrawler")
    },
    ("glue", "CreateJob"): (Rule(flex, f"{_GLUE}, add-job"),),
    ("glue", "CreateTable"): (Rule(projection, "Athena guide 2023, partition-projection"),),
    ("dms", "CreateReplicationTask"): (
        Rule(table_mappings, "DMS guide 2026, CHAP_Tasks.CustomizingTasks.TableMapping"),
        Rule(
            task_settings, "text of the service model, shape CreateReplicationTaskMessage"
        ),
    ),
    ("redshift", "ModifyClusterParameterGroup"): (Rule(wlm, _WLM_GUIDE),),
    ("redshift-data", "ExecuteStatement"): (
        Rule(where_to_run, "text of the service model, shape ExecuteStatementInput"),
    ),
    ("neptunedata", "ExecuteOpenCypherQuery"): (
        Rule(query_parameters, "text of the service model, ExecuteOpenCypherQueryInput"),
        open_cypher.DIALECT,
    ),
}

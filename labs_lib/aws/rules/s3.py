"""Rules of requests to S3: lifecycle, object lock, notifications."""

from collections.abc import Iterator
from itertools import pairwise

from labs_lib.aws.rules.rule import Remark, Rule

AFTER = {
    "STANDARD_IA": {
        "INTELLIGENT_TIERING",
        "ONEZONE_IA",
        "GLACIER_IR",
        "GLACIER",
        "DEEP_ARCHIVE",
    },
    "INTELLIGENT_TIERING": {"ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"},
    "ONEZONE_IA": {"GLACIER", "DEEP_ARCHIVE"},
    "GLACIER_IR": {"GLACIER", "DEEP_ARCHIVE"},
    "GLACIER": {"DEEP_ARCHIVE"},
    "DEEP_ARCHIVE": set[str](),
}
"""The classes that a lifecycle rule may move an object to; from STANDARD to every other."""

MINIMUM_DAYS = {
    "STANDARD": 0,
    "INTELLIGENT_TIERING": 0,
    "STANDARD_IA": 30,
    "ONEZONE_IA": 30,
    "GLACIER_IR": 90,
    "GLACIER": 90,
    "DEEP_ARCHIVE": 180,
}
"""Days that a class is billed at least."""

FIRST_DAY = 30
"""Days in S3 before STANDARD_IA and ONEZONE_IA."""

_RULES = "LifecycleConfiguration.Rules"


def _rules(request: dict) -> Iterator[tuple[str, dict]]:
    rules = request.get("LifecycleConfiguration", {}).get("Rules", [])
    for index, rule in enumerate(rules):
        yield f"{_RULES}[{index}]", rule


def rule_count(request: dict) -> Iterator[Remark]:
    number = sum(1 for _ in _rules(request))
    if number > 1000:
        yield _RULES, f"has {number} rules", "at most 1000 rules a bucket"


def rule_names(request: dict) -> Iterator[Remark]:
    seen = set()
    for path, rule in _rules(request):
        name = rule.get("ID")
        if name is not None and name in seen:
            yield f"{path}.ID", f"is {name!r} again", "each ID once"
        seen.add(name)


def rule_filter(request: dict) -> Iterator[Remark]:
    for path, rule in _rules(request):
        given = {"Filter", "Prefix"} & rule.keys()
        if len(given) != 1:
            problem = "has both Filter and Prefix" if given else "has no Filter"
            yield path, problem, "a Filter; {} stands for all objects"


def rule_action(request: dict) -> Iterator[Remark]:
    actions = (
        "Expiration",
        "Transitions",
        "NoncurrentVersionExpiration",
        "NoncurrentVersionTransitions",
        "AbortIncompleteMultipartUpload",
    )
    for path, rule in _rules(request):
        if not any(rule.get(action) for action in actions):
            yield path, "does nothing", "at least one of " + ", ".join(actions)


_WAYS = (("Transitions", "Days"), ("NoncurrentVersionTransitions", "NoncurrentDays"))


def _ways(request: dict) -> Iterator[tuple[str, str, list[dict]]]:
    """Yield path, the name of the days, and a rule's transitions."""
    for path, rule in _rules(request):
        for name, days in _WAYS:
            if name in rule:
                yield f"{path}.{name}", days, rule[name]


def transition_time(request: dict) -> Iterator[Remark]:
    for path, rule in _rules(request):
        for index, step in enumerate(rule.get("Transitions", [])):
            if len({"Days", "Date"} & step.keys()) != 1:
                problem = "does not have exactly one of Days and Date"
                yield f"{path}.Transitions[{index}]", problem, "either Days or Date"


def transition_class(request: dict) -> Iterator[Remark]:
    for path, name, steps in _ways(request):
        for index, step in enumerate(steps):
            if "StorageClass" not in step:
                yield f"{path}[{index}].StorageClass", "is missing", "the class to move to"
            if name == "NoncurrentDays" and name not in step:
                yield (
                    f"{path}[{index}].{name}",
                    "is missing",
                    "days since a newer version came",
                )


def transition_days(request: dict) -> Iterator[Remark]:
    for path, name, steps in _ways(request):
        for index, step in enumerate(steps):
            days, target = step.get(name, FIRST_DAY), step.get("StorageClass", "")
            if target in ("STANDARD_IA", "ONEZONE_IA") and days < FIRST_DAY:
                allowed = f"at least {FIRST_DAY} days before {target}"
                yield f"{path}[{index}].{name}", f"is {days}", allowed
            elif days < 0:
                yield f"{path}[{index}].{name}", f"is {days}", "0 days or more"


def _in_order(name: str, steps: list[dict]) -> list[tuple[int, int, str]]:
    """Return day, index and class of the transitions, by day."""
    found = [
        (step[name], index, step["StorageClass"])
        for index, step in enumerate(steps)
        if name in step and step.get("StorageClass") in AFTER
    ]
    return sorted(found)


def transition_order(request: dict) -> Iterator[Remark]:
    for path, name, steps in _ways(request):
        for (_, _, before), (day, index, after) in pairwise(_in_order(name, steps)):
            if after not in AFTER[before]:
                allowed = ", ".join(sorted(AFTER[before])) or "nothing"
                problem = f"is {after!r} on day {day}, when the object is {before}"
                yield f"{path}[{index}].StorageClass", problem, f"after {before}: {allowed}"


def transition_gap(request: dict) -> Iterator[Remark]:
    for path, name, steps in _ways(request):
        for (first, _, before), (day, index, after) in pairwise(_in_order(name, steps)):
            least = first + MINIMUM_DAYS[before]
            if after in AFTER[before] and day < least:
                allowed = (
                    f"at least {least}: {before} from day {first}, and its minimum of "
                    f"{MINIMUM_DAYS[before]} days"
                )
                yield f"{path}[{index}].{name}", f"is {day}", allowed


def expiration(request: dict) -> Iterator[Remark]:
    for path, rule in _rules(request):
        given = rule.get("Expiration")
        if given is None:
            continue
        named = {"Days", "Date", "ExpiredObjectDeleteMarker"} & given.keys()
        if len(named) != 1:
            allowed = "one of Days, Date and ExpiredObjectDeleteMarker"
            yield f"{path}.Expiration", f"has {len(named)} of them", allowed
        elif given.get("Days", 1) < 1:
            yield f"{path}.Expiration.Days", f"is {given['Days']}", "1 day or more"


def expiration_last(request: dict) -> Iterator[Remark]:
    for path, rule in _rules(request):
        pairs = (
            ("Expiration", "Days", "Transitions", "Days"),
            (
                "NoncurrentVersionExpiration",
                "NoncurrentDays",
                "NoncurrentVersionTransitions",
                "NoncurrentDays",
            ),
        )
        for end, day, steps, name in pairs:
            last = rule.get(end, {}).get(day)
            moved = [step[name] for step in rule.get(steps, []) if name in step]
            if last is not None and moved and last <= max(moved):
                allowed = f"more than {max(moved)}, the day of the last transition"
                yield f"{path}.{end}.{day}", f"is {last}", allowed


_LOCK = "ObjectLockConfiguration"


def lock_retention(request: dict) -> Iterator[Remark]:
    rule = request.get(_LOCK, {}).get("Rule")
    if rule is None:
        return
    path, given = f"{_LOCK}.Rule.DefaultRetention", rule.get("DefaultRetention", {})
    if "Mode" not in given:
        yield f"{path}.Mode", "is missing", "GOVERNANCE or COMPLIANCE"
    if len({"Days", "Years"} & given.keys()) != 1:
        problem = "does not have exactly one of Days and Years"
        yield path, problem, "either Days or Years"
    for name in ("Days", "Years"):
        if given.get(name, 1) < 1:
            yield f"{path}.{name}", f"is {given[name]}", "1 or more"


def lock_enabled(request: dict) -> Iterator[Remark]:
    if _LOCK in request and "ObjectLockEnabled" not in request[_LOCK]:
        yield f"{_LOCK}.ObjectLockEnabled", "is missing", "Enabled"


def retention_whole(request: dict) -> Iterator[Remark]:
    given = request.get("Retention", {})
    for name, other in (("Mode", "RetainUntilDate"), ("RetainUntilDate", "Mode")):
        if other in given and name not in given:
            yield f"Retention.{name}", "is missing", f"a value, since {other} is given"


def no_fifo_target(request: dict) -> Iterator[Remark]:
    given = request.get("NotificationConfiguration", {})
    for kind, name in (("Queue", "QueueArn"), ("Topic", "TopicArn")):
        for index, item in enumerate(given.get(f"{kind}Configurations", [])):
            if item.get(name, "").endswith(".fifo"):
                path = f"NotificationConfiguration.{kind}Configurations[{index}].{name}"
                allowed = "a standard queue or topic, a function, or EventBridge"
                yield path, f"is {item[name]!r}, a FIFO one", allowed


_GUIDE = "S3 guide 2026, lifecycle-transition-general-considerations"
_MODEL = "text of the service model, shape"

RULES: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("s3", "PutBucketLifecycleConfiguration"): (
        Rule(rule_count, f"{_MODEL} LifecycleRules"),
        Rule(rule_names, f"{_MODEL} LifecycleRule"),
        Rule(rule_filter, f"{_MODEL} LifecycleRule"),
        Rule(rule_action, f"{_MODEL} LifecycleRule"),
        Rule(transition_time, f"{_MODEL} Transition"),
        Rule(transition_class, f"{_MODEL} Transition"),
        Rule(transition_days, _GUIDE),
        Rule(transition_order, _GUIDE),
        Rule(transition_gap, _GUIDE),
        Rule(expiration, f"{_MODEL} LifecycleExpiration"),
        Rule(expiration_last, f"{_MODEL} LifecycleRule"),
    ),
    ("s3", "PutObjectLockConfiguration"): (
        Rule(lock_enabled, f"{_MODEL} ObjectLockConfiguration"),
        Rule(lock_retention, f"{_MODEL} DefaultRetention"),
    ),
    ("s3", "PutObjectRetention"): (Rule(retention_whole, f"{_MODEL} ObjectLockRetention"),),
    ("s3", "PutBucketNotificationConfiguration"): (
        Rule(
            no_fifo_target,
            "S3 guide 2026, notification-how-to-event-types-and-destinations",
        ),
    ),
}

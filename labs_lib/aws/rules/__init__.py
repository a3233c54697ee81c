"""Rules of a request that are not in the limits of the service model.

Each rule is a function from a request, from which parts of a wrong type were removed, to
remarks: path, problem, what is allowed. A module holds the rules of services that belong
together; its `RULES` names the rules of an operation and where each of them stands. Only the
operations of the course have rules.
"""

from labs_lib.aws.rules import analytics, capacity, messages, s3, sagemaker, tables
from labs_lib.aws.rules.rule import Rule

_SAGEMAKER = ("sagemaker", "sagemaker-runtime")

RULES: dict[tuple[str, str], tuple[Rule, ...]] = {
    **analytics.RULES,
    **capacity.RULES,
    **messages.RULES,
    **s3.RULES,
    **tables.RULES,
}
"""By service and operation: what is not of SageMaker."""


def rules_of(service: str, operation: str) -> tuple[Rule, ...]:
    """Return the rules of an operation, none if it has none."""
    if service in _SAGEMAKER:
        return sagemaker.RULES.get(operation, ())
    return RULES.get((service, operation), ())

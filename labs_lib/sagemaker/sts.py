"""STS: who am I."""

from typing import Any

from labs_lib.sagemaker.operations import Context, operation


@operation(
    "sts",
    "GetCallerIdentity",
    differs=("The caller is always the user `learner` of the account.",),
)
def get_caller_identity(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    account = context.site.account
    return {
        "UserId": "AIDALABSLEARNER",
        "Account": account,
        "Arn": f"arn:aws:iam::{account}:user/learner",
    }

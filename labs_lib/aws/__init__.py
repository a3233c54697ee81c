"""Check a request to Amazon SageMaker: no account, no credentials, no network.

`validate` holds a request against the service model that botocore ships. botocore's own
validator looks at types, required fields and minimums; enums, patterns and maximums stand
in the same model and are checked here, and so are a few rules that the model does not hold.
Nothing is sent anywhere: what a quota, a role or a bucket would say is not checked.

`check_xgboost_hyperparameters` checks what the container of the built-in XGBoost would
check after the job has started.
"""

from labs_lib.aws.findings import Finding, RequestError, Validation
from labs_lib.aws.request import validate
from labs_lib.aws.xgboost_container import check_xgboost_hyperparameters

__all__ = [
    "Finding",
    "RequestError",
    "Validation",
    "check_xgboost_hyperparameters",
    "validate",
]

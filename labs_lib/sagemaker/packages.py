"""Model packages as they are found: for the registry, and for models made of them."""

from typing import Any

from labs_lib.sagemaker.errors import invalid
from labs_lib.sagemaker.operations import Context


def find(context: Context, name: str) -> dict[str, Any]:
    """Return the model package that a name or an ARN names, or raise."""
    key = name.rpartition("model-package/")[2] if name.startswith("arn:") else name
    found = context.site.state.get("ModelPackage", key)
    if found is None:
        arn = name if name.startswith("arn:") else context.arn(f"model-package/{name}")
        raise invalid(f"ModelPackage {arn} does not exist.")
    return found


def container(context: Context, name: str) -> dict[str, Any]:
    """Return the container of a package that may be deployed.

    Raises
    ------
    ApiError
        If the package is unknown, is not approved, or holds no model.
    """
    package = find(context, name)
    status = package.get("ModelApprovalStatus", "Approved")
    if status != "Approved":
        raise invalid(
            f"ModelPackage {package['ModelPackageArn']} has the approval status {status}, "
            "expected Approved. UpdateModelPackage with ModelApprovalStatus changes it."
        )
    specification = package.get("InferenceSpecification")
    if specification is None:
        raise invalid(
            f"ModelPackage {package['ModelPackageArn']} is only logged: it has no "
            "InferenceSpecification to deploy."
        )
    (found,) = specification["Containers"]
    return {**found, "ModelPackageName": package["ModelPackageArn"]}

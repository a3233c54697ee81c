"""A SageMaker on this machine: boto3's own calls, really executed.

::

    from labs_lib import sagemaker

    local = sagemaker.start()
    client = local.client("sagemaker")
    client.create_training_job(...)  # the request that would go to AWS

`start` gives a `Local`. Requests are validated by `labs_lib.aws`, errors are AWS's own, jobs
and containers are processes, all intervals read one clock, and the state lives in a folder.
``docs/sagemaker.md`` lists what is carried out and what differs from AWS.
"""

from labs_lib.sagemaker.local import Local, start

__all__ = ["Local", "start"]

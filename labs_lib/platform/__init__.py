"""The data under the models: engines for the semantics that no library offers, on one clock.

An engine is plain Python: it keeps what it needs in memory, reads the time from the clock that it
was given, and refuses what AWS refuses by `labs_lib.platform.errors.Refusal`. It is used by one
thread at a time and knows nothing of HTTP; `labs_lib.sagemaker` lets boto3 speak to it.
"""

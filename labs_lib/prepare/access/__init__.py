"""Who may do what? IAM's decision about one request, over all policies that bear on it.

::

    from labs_lib.prepare import access

    decision = access.decide(
        "s3:GetObject", "arn:aws:s3:::bank/pay.csv",
        principal="arn:aws:iam::111122223333:user/carlos", identity=policy,
    )
    bool(decision), decision.reason

Rules and tables of the guide are the tests. ``data_filters`` holds Lake Formation's filters of
rows and cells.
"""

from labs_lib.prepare.access.conditions import satisfied
from labs_lib.prepare.access.data_filters import filtered
from labs_lib.prepare.access.decision import Decision, decide

__all__ = ["Decision", "decide", "filtered", "satisfied"]

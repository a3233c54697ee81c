"""Data quality and insights report, with the rules of SageMaker Data Wrangler's.

``report(frame, target=...)`` looks at a table before anybody trains a model on it: what the
columns hold, what is missing or odd in them, what each says about the target, and whether a
quick model is any better than a trivial one.
"""

from labs_lib.prepare.quality.insights import QualityReport, report
from labs_lib.prepare.quality.models import QuickModel

__all__ = ["QualityReport", "QuickModel", "report"]

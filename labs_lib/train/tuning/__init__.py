"""Automatic Model Tuning, run here: the service's own configuration, on Optuna.

>>> config = {
...     "Strategy": "Random",
...     "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "auc"},
...     "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1},
...     "ParameterRanges": {
...         "ContinuousParameterRanges": [
...             {"Name": "eta", "MinValue": "0.01", "MaxValue": "0.5"}
...         ]
...     },
... }
>>> tune(config, lambda hyperparameters: -((hyperparameters["eta"] - 0.1) ** 2)).ended_by
'MaxNumberOfTrainingJobs'

Names, limits and rules: the service model (`HyperParameterTuningJobConfig`) and the
developer guide, pages automatic-model-tuning-*.
"""

from labs_lib.train.tuning.gaussian_process import GaussianProcessSampler
from labs_lib.train.tuning.search import TuningJob, tune
from labs_lib.train.tuning.stopping import Hyperband, MedianRule

__all__ = ["GaussianProcessSampler", "Hyperband", "MedianRule", "TuningJob", "tune"]

"""Every interval, test and bootstrap of the course, once.

Is A better than B? Paired comparisons, in three designs, named by what varies from one value
to the next; each returns a `Comparison`, and `table` turns several into the one results
table of the course:

===================  ==================================================================
`worlds`             independent draws of a simulated world: paired t interval
`splits`             repeated splits of one data set, whose training sets overlap
`rows`               one fixed split, resampled by customer or by row
===================  ==================================================================

What is one quantity? Each returns an `Interval`:

===================  ==================================================================
`mean_interval`      the mean over independent worlds
`share_interval`     a share of independent trials (Clopper and Pearson, exact)
`count_interval`     a count of independent events (Poisson, exact)
`beats`              how often a run of one kind ends above one of another
===================  ==================================================================

Parts of which other intervals are made:

===================  ==================================================================
`auc`,               area under the ROC curve with DeLong's standard error; Hanley and
`hanley_mcneil`,     McNeil's, from the numbers of rows alone; the interval
`auc_interval`
`resampled_weights`, bootstrap: rows or whole groups drawn again, or the counts of a
`resampled_counts`,  table; how many repeats an interval needs; its ends
`repeats_needed`,
`percentiles`
`weighted_average_`  average precision of many resamples, sorted once
`precision`
`adjust`             p-values corrected for the number of questions
===================  ==================================================================

All differences are a - b: "higher" means that a is above b. Whether higher is better depends
on the metric. No function reads a setting of the run: the same call gives the same numbers.
"""

from labs_lib.stats.bootstrap import (
    percentiles,
    repeats_needed,
    resampled_counts,
    resampled_weights,
    weighted_average_precision,
)
from labs_lib.stats.comparisons import COLUMNS, Comparison, rows, splits, table, worlds
from labs_lib.stats.intervals import (
    Interval,
    count_interval,
    mean_interval,
    share_interval,
)
from labs_lib.stats.p_values import adjust
from labs_lib.stats.roc import auc, auc_interval, beats, hanley_mcneil

__all__ = [
    "COLUMNS",
    "Comparison",
    "Interval",
    "adjust",
    "auc",
    "auc_interval",
    "beats",
    "count_interval",
    "hanley_mcneil",
    "mean_interval",
    "percentiles",
    "repeats_needed",
    "resampled_counts",
    "resampled_weights",
    "rows",
    "share_interval",
    "splits",
    "table",
    "weighted_average_precision",
    "worlds",
]

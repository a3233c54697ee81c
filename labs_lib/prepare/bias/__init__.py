"""Is the data fair before a model exists, and the model after? Clarify's bias metrics.

A facet is a column that splits the rows into a favoured group a and a disfavoured group d.
y is the observed and y' the predicted outcome, 1 positive and 0 negative; n counts rows, q
is a share of positives, P a distribution over labels. TP, FP, FN, TN are counted within a
facet, NPV = TN / (TN + FN).

======  =======================================================  ===================
metric  formula                                                  range
======  =======================================================  ===================
CI      (n_a - n_d) / (n_a + n_d)                                -1 to 1
DPL     q_a - q_d                                                -1 to 1
KL      sum over labels of P_a ln(P_a / P_d), in nats            0 to infinity
JS      (KL(P_a, P) + KL(P_d, P)) / 2, P = (P_a + P_d) / 2       0 to ln 2
LP      Euclidean norm of P_a - P_d                              0 to sqrt 2
TVD     half the sum of abs(P_a - P_d)                           0 to 1
KS      largest abs(P_a - P_d) over labels                       0 to 1
CDDL    mean over groups, weighted by rows, of d's share of the  -1 to 1
        negatives minus d's share of the positives
DPPL    q'_a - q'_d                                              -1 to 1
DI      q'_d / q'_a                                              0 to infinity
DCA     n_a(y=1) / n_a(y'=1) - n_d(y=1) / n_d(y'=1)              any
DCR     n_d(y=0) / n_d(y'=0) - n_a(y=0) / n_a(y'=0)              any
SD      specificity of d - of a                                  -1 to 1
RD      recall of a - of d                                       -1 to 1
DAR     precision of a - of d                                    -1 to 1
DRR     NPV of d - of a                                          -1 to 1
AD      accuracy of a - of d                                     -1 to 1
TE      FN_d / FP_d - FN_a / FP_a                                any
CDDPL   CDDL of the predicted outcome                            -1 to 1
FT      (F+ - F-) / n_d, see `flip_test`                         -1 to 1
GE      (mean of (b / mean b)^2 - 1) / 2, b = y' - y + 1         0 to (n - 1) / 2
======  =======================================================  ===================

Source: Amazon SageMaker Developer Guide, pages clarify-measure-data-bias and
clarify-measure-post-training-bias. Where the guide contradicts itself or smclarify 0.5, the
open-source code behind Clarify, ``convention="definition"`` (the default) and
``convention="smclarify"`` differ as follows.

- Named facet value. The guide's page on the analysis configuration calls it favoured; the
  code, the SDK and the monitoring pages disfavoured. Here it is d, in both conventions.
- Sign of FT. Guide and definition: above 0 is unfair to d. smclarify: the opposite sign.
- Labels that stand in one facet only. Definition: they count, so KL may be infinite.
  smclarify leaves them out of KL, JS, LP, TVD and KS without rescaling the rest, so that KL
  may be negative.
- Numbers as labels or facets. Definition: a value is a value, and a threshold is written
  `Above`. smclarify takes a single value as a threshold if the column is float, or integer
  with more than one distinct value in 20 rows. With labels 0 and 1 in a small frame, "1"
  then means "above 1": DPL is 0, and the metrics of predictions stop with an error.
- CDD. The guide's formula for a subgroup names no facet and divides by the counts of the
  whole data; both conventions take the share of d within the subgroup, as the guide's text
  and the code do (Wachter, Mittelstadt and Russell 2021, doi:10.1016/j.clsr.2021.105567).
  In a subgroup with one outcome a share is 0 / 0. Here the disparity is 0 then, because
  nobody is treated differently; smclarify takes that share as 0, which leaves minus d's
  share of the positives, or d's share of the negatives. If the whole data has one outcome,
  smclarify gives no value.
- Zero divided by zero. Definition: undefined (NaN). smclarify: 0. A number above zero
  divided by zero is infinite in both; the difference of two such is undefined by definition
  and 0 in smclarify.
- TE. An older version of the guide had FP / FN, a minus d; the later one and the code are
  as above.
- GE. The guide gives a range of 0 to 0.5; the formula has no such bound.
- Several labels. KL, JS, LP, TVD and KS compare all labels, as in the guide and in
  smclarify's metric functions. Its `bias_report` first reduces them to positive and not.
- DCA is called DCAcc in the guide.
"""

from labs_lib.prepare.bias.analysis import BiasReport, report
from labs_lib.prepare.bias.columns import Above
from labs_lib.prepare.bias.flip import flip_test
from labs_lib.prepare.bias.metrics import POST_TRAINING, PRE_TRAINING
from labs_lib.prepare.bias.weights import reweigh

__all__ = [
    "POST_TRAINING",
    "PRE_TRAINING",
    "Above",
    "BiasReport",
    "flip_test",
    "report",
    "reweigh",
]

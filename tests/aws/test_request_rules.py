"""The rules that the service model lacks: a good request, and a bad one for each rule."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib import aws
from labs_lib.aws.rules.sagemaker import RULES
from tests.aws.examples import (
    GOOD,
    HYPERPARAMETERS,
    ROLLING,
    changed,
    channel,
    efs,
    service,
)

WAIT = "StoppingCondition.MaxWaitTimeInSeconds"
RUN = "StoppingCondition.MaxRuntimeInSeconds"
KEEP = "ResourceConfig.KeepAlivePeriodInSeconds"
S3_TYPE = "DataSource.S3DataSource.S3DataType"
CONFIG = "HyperParameterTuningJobConfig"
RANGES = f"{CONFIG}.ParameterRanges"
INTEGER = f"{RANGES}.IntegerParameterRanges"
CONTINUOUS = f"{RANGES}.ContinuousParameterRanges"
POLICY = "DeploymentConfig.BlueGreenUpdatePolicy"
ROUTING = f"{POLICY}.TrafficRoutingConfiguration"
BATCH = "DeploymentConfig.RollingUpdatePolicy.MaximumBatchSize.Value"
SCHEDULE = "MonitoringScheduleConfig.ScheduleConfig"
CHANNEL = "InputDataConfig"
CATEGORICAL = f"{RANGES}.CategoricalParameterRanges"
LIMITS = f"{CONFIG}.ResourceLimits"
ON_DEMAND = [("EnableManagedSpotTraining", False), (WAIT, ...)]

# Rule, path of the finding, and the changes that trip this rule and no other.
TRAINING = [
    (
        "algorithm_choice",
        "AlgorithmSpecification",
        [("AlgorithmSpecification.AlgorithmName", "a")],
    ),
    (
        "algorithm_choice",
        "AlgorithmSpecification",
        [("AlgorithmSpecification.TrainingImage", ...)],
    ),
    (
        "channel_names",
        f"{CHANNEL}[1].ChannelName",
        [(f"{CHANNEL}.1.ChannelName", "train")],
    ),
    (
        "gzip_pipe",
        f"{CHANNEL}[0].CompressionType",
        [(f"{CHANNEL}.0.CompressionType", "Gzip")],
    ),
    (
        "gzip_pipe",
        f"{CHANNEL}[1].CompressionType",
        [(f"{CHANNEL}.1.CompressionType", "Gzip")],
    ),
    (
        "fast_file_prefix",
        f"{CHANNEL}[1].{S3_TYPE}",
        [(f"{CHANNEL}.1.{S3_TYPE}", "ManifestFile")],
    ),
    (
        "manifest_pipe",
        f"{CHANNEL}[0].{S3_TYPE}",
        [(f"{CHANNEL}.0.{S3_TYPE}", "AugmentedManifestFile")],
    ),
    (
        "file_system_file",
        f"{CHANNEL}[1].DataSource.FileSystemDataSource",
        [(f"{CHANNEL}.1.DataSource", efs())],
    ),
    ("spot_wait", WAIT, [(WAIT, 3599)]),
    ("spot_wait", WAIT, [(WAIT, ...)]),
    ("spot_wait", WAIT, [(RUN, ...)]),
    ("spot_wait_equal", WAIT, [(WAIT, 3600)]),
    ("wait_without_spot", WAIT, [("EnableManagedSpotTraining", False)]),
    ("wait_without_spot", WAIT, [("EnableManagedSpotTraining", ...)]),
    ("max_runtime", RUN, [(RUN, 28 * 86400 + 1), (WAIT, 30 * 86400)]),
]
BAD = [
    *[("CreateTrainingJob", *case) for case in TRAINING],
    *[
        (
            "CreateHyperParameterTuningJob",
            rule,
            f"TrainingJobDefinition.{path}",
            [(f"TrainingJobDefinition.{field}", value) for field, value in changes],
        )
        for rule, path, changes in TRAINING
    ],
    (
        "CreateTrainingJob",
        "keep_alive_limit",
        KEEP,
        [(KEEP, 3601), *ON_DEMAND],
    ),
    ("CreateTrainingJob", "keep_alive_alone", KEEP, [(KEEP, 60)]),
    (
        "CreateTrainingJob",
        "keep_alive_alone",
        KEEP,
        [
            (KEEP, 60),
            *ON_DEMAND,
            (
                "ResourceConfig.InstanceGroups",
                [
                    {
                        "InstanceType": "ml.m5.large",
                        "InstanceCount": 1,
                        "InstanceGroupName": "a",
                    }
                ],
            ),
        ],
    ),
    (
        "CreateHyperParameterTuningJob",
        "range_numbers",
        f"{INTEGER}[0].MinValue",
        [(f"{INTEGER}.0.MinValue", "1.5")],
    ),
    (
        "CreateHyperParameterTuningJob",
        "range_numbers",
        f"{CONTINUOUS}[0].MaxValue",
        [(f"{CONTINUOUS}.0.MaxValue", "inf")],
    ),
    (
        "CreateHyperParameterTuningJob",
        "range_order",
        f"{INTEGER}[0].MinValue",
        [(f"{INTEGER}.0.MinValue", "11")],
    ),
    (
        "CreateHyperParameterTuningJob",
        "logarithmic_scale",
        f"{CONTINUOUS}[0].ScalingType",
        [(f"{CONTINUOUS}.0.MinValue", "0")],
    ),
    (
        "CreateHyperParameterTuningJob",
        "reverse_logarithmic_scale",
        f"{CONTINUOUS}[1].ScalingType",
        [(f"{CONTINUOUS}.1.MaxValue", "1.0")],
    ),
    (
        "CreateHyperParameterTuningJob",
        "reverse_logarithmic_scale",
        f"{INTEGER}[0].ScalingType",
        [(f"{INTEGER}.0.ScalingType", "ReverseLogarithmic")],
    ),
    (
        "CreateHyperParameterTuningJob",
        "grid_categorical",
        f"{INTEGER}[0]",
        [
            (f"{CONFIG}.Strategy", "Grid"),
            (f"{CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs", ...),
            (CONTINUOUS, ...),
            ("WarmStartConfig", ...),
        ],
    ),
    (
        "CreateHyperParameterTuningJob",
        "grid_count",
        f"{CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs",
        [
            (f"{CONFIG}.Strategy", "Grid"),
            (CONTINUOUS, ...),
            (INTEGER, ...),
            ("WarmStartConfig", ...),
        ],
    ),
    (
        "CreateHyperParameterTuningJob",
        "enough_combinations",
        f"{LIMITS}.MaxNumberOfTrainingJobs",
        # 9 depths and 2 boosters: 18 combinations for 20 jobs.
        [(CONTINUOUS, ...)],
    ),
    (
        "CreateHyperParameterTuningJob",
        "searched_twice",
        f"{CONTINUOUS}[1].Name",
        [(f"{CONTINUOUS}.1.Name", "eta")],
    ),
    (
        "CreateHyperParameterTuningJob",
        "searched_twice",
        f"{CATEGORICAL}[0].Name",
        [(f"{CATEGORICAL}.0.Name", "max_depth")],
    ),
    (
        "CreateHyperParameterTuningJob",
        "static_and_searched",
        "TrainingJobDefinition.StaticHyperParameters.eta",
        [("TrainingJobDefinition.StaticHyperParameters.eta", "0.1")],
    ),
    (
        "CreateHyperParameterTuningJob",
        "categories_once",
        f"{CATEGORICAL}[0].Values",
        [(f"{CATEGORICAL}.0.Values", ["dart", "gbtree", "dart"])],
    ),
    (
        "CreateHyperParameterTuningJob",
        "objective",
        f"{CONFIG}.HyperParameterTuningJobObjective",
        [(f"{CONFIG}.HyperParameterTuningJobObjective", ...)],
    ),
    (
        "CreateHyperParameterTuningJob",
        "parallel_jobs",
        f"{LIMITS}.MaxParallelTrainingJobs",
        [(f"{LIMITS}.MaxParallelTrainingJobs", 21)],
    ),
    (
        "CreateHyperParameterTuningJob",
        "hyperband_early_stopping",
        f"{CONFIG}.TrainingJobEarlyStoppingType",
        [(f"{CONFIG}.Strategy", "Hyperband"), ("WarmStartConfig", ...)],
    ),
    (
        "CreateHyperParameterTuningJob",
        "hyperband_config",
        f"{CONFIG}.StrategyConfig",
        [(f"{CONFIG}.StrategyConfig", {"HyperbandStrategyConfig": {"MaxResource": 9}})],
    ),
    (
        "CreateHyperParameterTuningJob",
        "tuning_parameters",
        "TrainingJobDefinition.StaticHyperParameters",
        [
            (
                "TrainingJobDefinition.StaticHyperParameters",
                {f"p{index}": "1" for index in range(97)},
            )
        ],
    ),
    (
        "CreateHyperParameterTuningJob",
        "warm_start_strategy",
        "WarmStartConfig",
        [
            (f"{CONFIG}.Strategy", "Hyperband"),
            (f"{CONFIG}.TrainingJobEarlyStoppingType", "Off"),
        ],
    ),
    (
        "CreateEndpointConfig",
        "serverless_memory",
        "ProductionVariants[0].ServerlessConfig.MemorySizeInMB",
        [("ProductionVariants.0.ServerlessConfig.MemorySizeInMB", 1536)],
    ),
    (
        "CreateEndpointConfig",
        "serverless_concurrency",
        "ProductionVariants[0].ServerlessConfig.ProvisionedConcurrency",
        [("ProductionVariants.0.ServerlessConfig.ProvisionedConcurrency", 6)],
    ),
    (
        "CreateEndpointConfig",
        "serverless_instances",
        "ProductionVariants[0].InstanceType",
        [("ProductionVariants.0.InstanceType", "ml.m5.large")],
    ),
    (
        "CreateEndpointConfig",
        "shadow_variants",
        "ProductionVariants",
        [("ProductionVariants", [{"VariantName": "a"}, {"VariantName": "b"}])],
    ),
    (
        "InvokeEndpoint",
        "payload_limit",
        "Body",
        [("Body", bytes(6 * 1024 * 1024 + 1))],
    ),
    *[
        (
            "CreateMonitoringSchedule",
            "schedule_expression",
            f"{SCHEDULE}.ScheduleExpression",
            [(f"{SCHEDULE}.ScheduleExpression", expression)],
        )
        for expression in ("cron(30 * ? * * *)", "cron(0 24 ? * * *)", "rate(1 hour)")
    ],
    (
        "CreateMonitoringSchedule",
        "schedule_now",
        f"{SCHEDULE}.DataAnalysisEndTime",
        [
            (f"{SCHEDULE}.ScheduleExpression", "NOW"),
            (f"{SCHEDULE}.DataAnalysisStartTime", "-PT5H"),
        ],
    ),
    (
        "CreateTransformJob",
        "transform_payload",
        "MaxPayloadInMB",
        [("MaxPayloadInMB", 51)],
    ),
    (
        "CreateTransformJob",
        "transform_payload",
        "MaxPayloadInMB",
        [("MaxPayloadInMB", 101), ("MaxConcurrentTransforms", ...)],
    ),
    (
        "CreateTransformJob",
        "transform_split",
        "TransformInput.SplitType",
        [("TransformInput.SplitType", "None")],
    ),
]
for _operation in ("CreateEndpoint", "UpdateEndpoint"):
    BAD += [
        (
            _operation,
            "one_update_policy",
            "DeploymentConfig",
            [
                (
                    "DeploymentConfig.RollingUpdatePolicy",
                    ROLLING["UpdateEndpoint"]["DeploymentConfig"]["RollingUpdatePolicy"],
                )
            ],
        ),
        (
            _operation,
            "canary_size",
            f"{ROUTING}.CanarySize.Value",
            [(f"{ROUTING}.CanarySize.Value", 51)],
        ),
        (
            _operation,
            "linear_step_size",
            f"{ROUTING}.LinearStepSize.Value",
            [(f"{ROUTING}.LinearStepSize.Value", 9)],
        ),
        (
            _operation,
            "deployment_timeout",
            f"{POLICY}.MaximumExecutionTimeoutInSeconds",
            [(f"{POLICY}.MaximumExecutionTimeoutInSeconds", 600)],
        ),
        (
            _operation,
            "rolling_batch_size",
            BATCH,
            [
                ("DeploymentConfig", ROLLING["UpdateEndpoint"]["DeploymentConfig"]),
                (BATCH, 4),
            ],
        ),
    ]


@pytest.mark.parametrize("operation", RULES)
def test_good_request(operation):
    assert aws.validate(operation, GOOD[operation], service=service(operation)).notes == ()


@pytest.mark.parametrize(("operation", "rule", "path", "changes"), BAD)
def test_bad_request_trips_one_rule(operation, rule, path, changes):
    request = changed(GOOD[operation], *changes)
    try:
        findings = aws.validate(operation, request, service=service(operation)).notes
    except aws.RequestError as error:
        findings = error.findings
    (finding,) = findings
    # Paths of `changed` count list items with dots.
    assert (finding.rule, finding.path) == (rule, path)
    rules = {rule.check.__name__: rule for rule in RULES[operation]}
    assert finding.source == rules[rule].source
    assert finding.severity == rules[rule].severity


def test_each_rule_has_a_bad_request():
    tested = {(operation, rule) for operation, rule, *_ in BAD}
    assert tested == {
        (operation, rule.check.__name__)
        for operation, rules in RULES.items()
        for rule in rules
    }


def test_conflicts_quote_both_sources():
    conflicts = [
        rule for rules in RULES.values() for rule in rules if rule.severity == "conflict"
    ]
    assert {rule.check.__name__ for rule in conflicts} == {
        "spot_wait_equal",
        "keep_alive_limit",
        "payload_limit",
    }
    assert all("guide" in rule.source and "model" in rule.source for rule in conflicts)
    request = changed(GOOD["CreateTrainingJob"], (KEEP, 7200), *ON_DEMAND)
    (note,) = aws.validate("CreateTrainingJob", request).notes
    assert note.allowed == "by the guide at most 3600, by the service model at most 21600"


def test_beyond_both_sources_is_an_error():
    request = changed(GOOD["CreateTrainingJob"], (KEEP, 21601), *ON_DEMAND)
    with pytest.raises(aws.RequestError, match="at most 21600") as caught:
        aws.validate("CreateTrainingJob", request)
    assert [finding.severity for finding in caught.value.findings] == ["error"]


@pytest.mark.parametrize(
    ("operation", "changes"),
    [
        ("CreateTrainingJob", [("EnableManagedSpotTraining", ...), (WAIT, ...)]),
        ("CreateTrainingJob", [(KEEP, 3600), *ON_DEMAND]),
        ("CreateTrainingJob", [(RUN, 28 * 86400), (WAIT, 29 * 86400)]),
        (
            "CreateTrainingJob",
            [("AlgorithmSpecification", ...), (f"{CHANNEL}.1.InputMode", ...)],
        ),
        (
            "CreateTrainingJob",
            [(f"{CHANNEL}.0", channel("train", InputMode="Pipe", CompressionType="Gzip"))],
        ),
        ("CreateTrainingJob", [(f"{CHANNEL}.0.DataSource", efs())]),
        (
            "CreateHyperParameterTuningJob",
            [
                (f"{CONFIG}.Strategy", "Grid"),
                (f"{CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs", 2),
                (INTEGER, ...),
                (CONTINUOUS, ...),
                ("WarmStartConfig", ...),
            ],
        ),
        (
            "CreateHyperParameterTuningJob",
            [
                (f"{CONFIG}.Strategy", "Hyperband"),
                (
                    f"{CONFIG}.StrategyConfig",
                    {"HyperbandStrategyConfig": {"MaxResource": 9}},
                ),
                (f"{CONFIG}.TrainingJobEarlyStoppingType", "Off"),
                ("WarmStartConfig", ...),
            ],
        ),
        (
            "CreateHyperParameterTuningJob",
            [
                (
                    "TrainingJobDefinition.HyperParameterRanges",
                    {
                        "CategoricalParameterRanges": [
                            {"Name": "booster", "Values": ["dart"]}
                        ]
                    },
                ),
                (
                    "TrainingJobDefinition.StaticHyperParameters",
                    HYPERPARAMETERS | {f"p{index}": "1" for index in range(91)},
                ),
            ],
        ),
        (
            "CreateHyperParameterTuningJob",
            [(CONTINUOUS, ...), (f"{LIMITS}.MaxNumberOfTrainingJobs", 18)],
        ),
        (
            "CreateHyperParameterTuningJob",
            [(f"{LIMITS}.MaxParallelTrainingJobs", 20)],
        ),
        (
            "UpdateEndpoint",
            [(f"{ROUTING}.CanarySize", {"Type": "INSTANCE_COUNT", "Value": 70})],
        ),
        (
            "UpdateEndpoint",
            [("DeploymentConfig", ROLLING["UpdateEndpoint"]["DeploymentConfig"])],
        ),
        (
            "CreateMonitoringSchedule",
            [(f"{SCHEDULE}.ScheduleExpression", "cron(0 * ? * * *)")],
        ),
        (
            "CreateMonitoringSchedule",
            [(f"{SCHEDULE}.ScheduleExpression", "cron(0 00 ? * * *)")],
        ),
        (
            "CreateMonitoringSchedule",
            [
                (
                    SCHEDULE,
                    {
                        "ScheduleExpression": "NOW",
                        "DataAnalysisStartTime": "-PT5H",
                        "DataAnalysisEndTime": "-PT0H",
                    },
                )
            ],
        ),
        ("CreateTransformJob", [("MaxPayloadInMB", 100), ("MaxConcurrentTransforms", 0)]),
        (
            "CreateTransformJob",
            [("BatchStrategy", "SingleRecord"), ("TransformInput.SplitType", ...)],
        ),
        ("InvokeEndpoint", [("Body", bytes(6 * 1024 * 1024))]),
    ],
)
def test_more_good_requests(operation, changes):
    request = changed(GOOD[operation], *changes)
    assert aws.validate(operation, request, service=service(operation)).notes == ()


def test_definitions_in_a_list():
    job = GOOD["CreateHyperParameterTuningJob"]
    definition = job["TrainingJobDefinition"]
    bad = changed(definition, (WAIT, 1))
    request = changed(
        job,
        ("TrainingJobDefinition", ...),
        ("TrainingJobDefinitions", [definition, bad]),
    )
    with pytest.raises(aws.RequestError) as caught:
        aws.validate("CreateHyperParameterTuningJob", request)
    assert [finding.path for finding in caught.value.findings] == [
        f"TrainingJobDefinitions[1].{WAIT}"
    ]


def test_each_definition_in_a_list_has_an_objective():
    job = GOOD["CreateHyperParameterTuningJob"]
    definition = job["TrainingJobDefinition"]
    mine = definition | {"TuningObjective": {"Type": "Maximize", "MetricName": "auc"}}
    request = changed(
        job,
        ("TrainingJobDefinition", ...),
        ("TrainingJobDefinitions", [mine, definition]),
        (f"{CONFIG}.HyperParameterTuningJobObjective", ...),
    )
    with pytest.raises(aws.RequestError) as caught:
        aws.validate("CreateHyperParameterTuningJob", request)
    assert [(finding.rule, finding.path) for finding in caught.value.findings] == [
        ("objective", "TrainingJobDefinitions[1].TuningObjective")
    ]


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 4)), max_size=3),
    st.lists(st.integers(1, 4), max_size=3),
    st.booleans(),
    st.integers(1, 200),
)
def test_jobs_are_held_against_the_combinations(integers, categories, real, jobs):
    ranges = {
        "IntegerParameterRanges": [
            {"Name": f"i{k}", "MinValue": str(low), "MaxValue": str(low + more)}
            for k, (low, more) in enumerate(integers)
        ],
        "CategoricalParameterRanges": [
            {"Name": f"c{k}", "Values": [str(value) for value in range(size)]}
            for k, size in enumerate(categories)
        ],
    }
    if real:
        some = {"Name": "r", "MinValue": "0", "MaxValue": "1", "ScalingType": "Linear"}
        ranges["ContinuousParameterRanges"] = [some]
    request = changed(
        GOOD["CreateHyperParameterTuningJob"],
        (RANGES, ranges),
        (f"{LIMITS}.MaxNumberOfTrainingJobs", jobs),
        (f"{LIMITS}.MaxParallelTrainingJobs", 1),
    )
    sizes = [more + 1 for _, more in integers] + categories
    if (integers or categories) and not real and math.prod(sizes) < jobs:
        with pytest.raises(aws.RequestError, match=rf"\({math.prod(sizes)}\)"):
            aws.validate("CreateHyperParameterTuningJob", request)
    else:
        assert aws.validate("CreateHyperParameterTuningJob", request).notes == ()

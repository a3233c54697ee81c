"""Tuning jobs: real training jobs as trials of a search."""

import json
import sys
import time

import numpy as np
import psutil
import pytest
from botocore.exceptions import ClientError

from labs_lib import sagemaker
from labs_lib.train.tuning import MedianRule

from .conftest import ONCE, have_ended
from .test_endpoints import XGBOOST

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/hill:1"
SCRIPT = """
import json, os, pathlib, sys, time
ml = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
given = json.loads((ml / "input" / "config" / "hyperparameters.json").read_text())
assert given["_tuning_objective_metric"] == "score"
assert "SM_HP__TUNING_OBJECTIVE_METRIC" not in os.environ
x, kind = float(given["x"]), given.get("kind", "up")
if kind == "fail":
    sys.exit("a bad kind")
for epoch in range(int(given.get("epochs", "1"))):
    if kind != "silent":
        print(f"epoch {epoch} score={x + epoch / 100};", flush=True)
    time.sleep(float(given.get("pause", "0")))
while given.get("until") and not pathlib.Path(given["until"]).exists():
    time.sleep(0.05)
(ml / "model" / "x").write_text(given["x"])
"""
X = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]}


def categories(*values, name="x"):
    return {"CategoricalParameterRanges": [{"Name": name, "Values": list(values)}]}


def set_up(local, folder):
    script = folder / "hill.py"
    script.write_text(SCRIPT)
    local.register(IMAGE, train=[sys.executable, "-S", str(script)])
    local.client("s3").create_bucket(Bucket=local.bucket)
    return local.client("sagemaker", config=ONCE)


@pytest.fixture(scope="module")
def client(local, tmp_path_factory):
    return set_up(local, tmp_path_factory.mktemp("hill"))


def request(local, name, *, ranges=X, strategy="Random", jobs=3, parallel=1, static=None,
            limits=None, warm=None, **config):  # fmt: skip
    limits = {"MaxParallelTrainingJobs": parallel, **(limits or {})}
    if jobs:
        limits["MaxNumberOfTrainingJobs"] = jobs
    found = {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": strategy,
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
            "ResourceLimits": limits,
            "ParameterRanges": ranges,
            **config,
        },
        "TrainingJobDefinition": {
            "StaticHyperParameters": static or {},
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "score", "Regex": "score=([-0-9.e]+);"}],
            },
            "RoleArn": local.role,
            "OutputDataConfig": {"S3OutputPath": f"s3://{local.bucket}/out"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        },
    }
    if warm:
        found["WarmStartConfig"] = warm
    return found


def described(client, name):
    return client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)


def ended(client, name, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = described(client, name)
        if found["HyperParameterTuningJobStatus"] not in ("InProgress", "Stopping"):
            return found
        time.sleep(0.1)
    raise AssertionError(f"still {found}")


def wait_until(check, seconds=60):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not come to this in time"
        time.sleep(0.05)


def trials(client, name, **more):
    return client.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name, MaxResults=100, **more
    )["TrainingJobSummaries"]


def value(summary):
    return summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]


def test_a_grid_trains_every_combination_and_names_the_best(local, client):
    asked = request(
        local, "grid", ranges=categories("0.2", "0.7", "0.4"), strategy="Grid", jobs=None
    )
    asked["Tags"] = [{"Key": "k", "Value": "v"}]
    arn = client.create_hyper_parameter_tuning_job(**asked)["HyperParameterTuningJobArn"]
    assert client.list_tags(ResourceArn=arn)["Tags"] == asked["Tags"]
    with pytest.raises(client.exceptions.ResourceInUse):
        client.create_hyper_parameter_tuning_job(**asked)
    found = ended(client, "grid")
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobStatusCounters"] == {
        "Completed": 3, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0,
        "Stopped": 0,
    }  # fmt: skip
    assert found["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}
    best = found["BestTrainingJob"]
    assert best["TunedHyperParameters"] == {"x": "0.7"}
    assert value(best) == 0.7
    job = client.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert job["TuningJobArn"] == arn
    assert client.list_tags(ResourceArn=best["TrainingJobArn"])["Tags"] == asked["Tags"]
    assert job["HyperParameters"] == {"x": "0.7", "_tuning_objective_metric": "score"}
    assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("model.tar.gz")
    by = {"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Descending"}
    assert [value(one) for one in trials(client, "grid", **by)] == [0.7, 0.4, 0.2]
    (listed,) = client.list_hyper_parameter_tuning_jobs(NameContains="gri")[
        "HyperParameterTuningJobSummaries"
    ]
    assert listed["Strategy"] == "Grid"
    assert listed["TrainingJobStatusCounters"] == found["TrainingJobStatusCounters"]


def test_failed_jobs_and_silent_ones_do_not_end_the_search(local, client):
    client.create_hyper_parameter_tuning_job(
        **request(
            local,
            "some",
            ranges=categories("up", "fail", "silent", name="kind"),
            strategy="Grid",
            jobs=None,
            static={"x": "0.5"},
        )
    )
    found = ended(client, "some")
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobStatusCounters"]["Completed"] == 2
    assert found["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    assert found["ObjectiveStatusCounters"] == {"Succeeded": 1, "Pending": 0, "Failed": 2}
    assert found["BestTrainingJob"]["TunedHyperParameters"] == {"kind": "up"}
    (failed,) = trials(client, "some", StatusEquals="Failed")
    assert "a bad kind" in failed["FailureReason"]


def test_a_search_of_which_every_job_failed_has_failed(local, client):
    client.create_hyper_parameter_tuning_job(
        **request(local, "none", jobs=1, static={"kind": "silent"})
    )
    found = ended(client, "none")
    assert found["HyperParameterTuningJobStatus"] == "Failed"
    assert "reported no objective" in found["FailureReason"]
    assert "BestTrainingJob" not in found


def test_jobs_run_at_the_same_time_and_no_more_than_allowed(local, client):
    client.create_hyper_parameter_tuning_job(
        **request(local, "wide", jobs=5, parallel=2, static={"pause": "0.5"})
    )
    most = 0
    while described(client, "wide")["HyperParameterTuningJobStatus"] == "InProgress":
        most = max(most, len(trials(client, "wide", StatusEquals="InProgress")))
    assert most == 2
    found = ended(client, "wide")
    assert found["TrainingJobStatusCounters"]["Completed"] == 5
    tried = {one["TunedHyperParameters"]["x"] for one in trials(client, "wide")}
    assert len(tried) == 5
    assert all(0 <= float(x) <= 1 for x in tried)


def test_a_reached_target_stops_what_runs(local, client, tmp_path):
    both_run = tmp_path / "both run"
    client.create_hyper_parameter_tuning_job(
        **request(
            local,
            "target",
            ranges={**categories("0", "30", name="pause")},
            strategy="Grid",
            jobs=None,
            parallel=2,
            static={"x": "0.5", "until": str(both_run)},
            TuningJobCompletionCriteria={"TargetObjectiveMetricValue": 0.5},
        )
    )
    # On a busy machine one job may have ended before the other begins.
    wait_until(lambda: len(trials(client, "target")) == 2)
    both_run.touch()
    found = ended(client, "target")
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    counters = found["TrainingJobStatusCounters"]
    assert (counters["Completed"], counters["Stopped"]) == (1, 1)


EPOCHS = {"epochs": "9", "pause": "0.3"}
"""Long enough to be stopped in between."""


def test_hyperband_stops_jobs_at_its_rungs(local, client):
    band = {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 9}}
    client.create_hyper_parameter_tuning_job(
        **request(
            local, "band", strategy="Hyperband", jobs=4, static=EPOCHS, StrategyConfig=band
        )
    )
    found = ended(client, "band")
    counters = found["TrainingJobStatusCounters"]
    assert counters["Completed"] + counters["Stopped"] == 4
    assert counters["Stopped"] >= 1
    assert found["ObjectiveStatusCounters"]["Succeeded"] == 4
    # A job that came to the last epoch was left to write its model.
    assert found["BestTrainingJob"]["TrainingJobStatus"] == "Completed"


def test_early_stopping_stops_what_the_median_rule_stops(local, client):
    client.create_hyper_parameter_tuning_job(
        **request(
            local, "early", jobs=5, static=EPOCHS, TrainingJobEarlyStoppingType="Auto"
        )
    )
    ended(client, "early")
    earlier, expected, seen = [], [], []
    for one in trials(client, "early"):
        x = float(one["TunedHyperParameters"]["x"])
        rule = MedianRule(maximize=True, earlier=earlier)
        curve, stopped = [], False
        for epoch in range(9):
            curve.append(x + epoch / 100)
            stopped = rule.stops(epoch + 1, curve[-1])
            if stopped:
                break
        earlier.append(curve)
        expected.append("Stopped" if stopped else "Completed")
        seen.append(one["TrainingJobStatus"])
    assert seen == expected
    assert set(expected) == {"Stopped", "Completed"}


def test_the_built_in_xgboost_reports_its_own_metric(local, client):
    draws = np.random.default_rng(0).normal(size=(200, 3))
    rows = np.column_stack([draws[:, 0] > 0, draws])
    text = "\n".join(",".join(f"{x:.4f}" for x in row) for row in rows)
    for channel in ("train", "validation"):
        key = f"boost/{channel}/part.csv"
        local.client("s3").put_object(Bucket=local.bucket, Key=key, Body=text.encode())
    asked = request(local, "boost", ranges=categories("1", "3", name="max_depth"),
                    strategy="Grid", jobs=None)  # fmt: skip
    objective = {"Type": "Minimize", "MetricName": "validation:logloss"}
    asked["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"] = objective
    asked["TrainingJobDefinition"] |= {
        "AlgorithmSpecification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
        "StaticHyperParameters": {
            "num_round": "3", "objective": "binary:logistic", "nthread": "1",
        },
        "InputDataConfig": [
            {
                "ChannelName": channel,
                "ContentType": "text/csv",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"s3://{local.bucket}/boost/{channel}/",
                    }
                },
            }
            for channel in ("train", "validation")
        ],
    }  # fmt: skip
    client.create_hyper_parameter_tuning_job(**asked)
    found = ended(client, "boost")
    assert found["HyperParameterTuningJobStatus"] == "Completed", found
    assert found["ObjectiveStatusCounters"]["Succeeded"] == 2
    assert 0 < value(found["BestTrainingJob"]) < np.log(2)


def test_a_search_is_stopped_with_its_jobs_and_deleted(local, client):
    name = {"HyperParameterTuningJobName": "stopped"}
    client.create_hyper_parameter_tuning_job(
        **request(local, "stopped", static={"pause": "60"})
    )
    while not trials(client, "stopped"):
        time.sleep(0.05)
    with pytest.raises(ClientError, match="InProgress"):
        client.delete_hyper_parameter_tuning_job(**name)
    client.stop_hyper_parameter_tuning_job(**name)
    assert ended(client, "stopped")["HyperParameterTuningJobStatus"] == "Stopped"
    (job,) = trials(client, "stopped")
    assert job["TrainingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="status Stopped"):
        client.stop_hyper_parameter_tuning_job(**name)
    client.delete_hyper_parameter_tuning_job(**name)
    with pytest.raises(client.exceptions.ResourceNotFound):
        described(client, "stopped")
    client.describe_training_job(TrainingJobName=job["TrainingJobName"])


def test_a_search_runs_out_of_time_on_the_clock(local, client):
    client.create_hyper_parameter_tuning_job(
        **request(
            local, "late", static={"pause": "60"}, limits={"MaxRuntimeInSeconds": 3600}
        )
    )
    while not trials(client, "late"):
        time.sleep(0.05)
    local.step(3600)
    assert ended(client, "late")["HyperParameterTuningJobStatus"] == "Stopped"


def test_a_warm_start_counts_what_the_parent_found(local, client):
    client.create_hyper_parameter_tuning_job(
        **request(local, "parent", jobs=2, RandomSeed=3)
    )
    best = ended(client, "parent")["BestTrainingJob"]

    def warm(kind):
        parents = [{"HyperParameterTuningJobName": "parent"}]
        return {"ParentHyperParameterTuningJobs": parents, "WarmStartType": kind}

    client.create_hyper_parameter_tuning_job(
        **request(local, "transfer", jobs=1, warm=warm("TransferLearning"))
    )
    found = ended(client, "transfer")
    assert found["BestTrainingJob"]["TunedHyperParameters"] == best["TunedHyperParameters"]
    low = {
        "ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "0.01"}]
    }
    client.create_hyper_parameter_tuning_job(
        **request(local, "same", ranges=low, jobs=1, warm=warm("IdenticalDataAndAlgorithm"))
    )
    found = ended(client, "same")
    assert found["OverallBestTrainingJob"] == best
    assert value(found["BestTrainingJob"]) < value(best)
    again = request(local, "again", warm=warm("TransferLearning"))
    parent = {"HyperParameterTuningJobName": "transfer"}
    again["WarmStartConfig"]["ParentHyperParameterTuningJobs"] = [parent]
    with pytest.raises(ClientError, match="itself a warm start"):
        client.create_hyper_parameter_tuning_job(**again)


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_a_search_goes_on_with_the_next_server(tmp_path, how):
    folder = tmp_path / "site"
    with sagemaker.start(folder) as local:
        client = set_up(local, tmp_path)
        ranges = categories("0", "4", name="pause")
        client.create_hyper_parameter_tuning_job(
            **request(
                local, "left", ranges=ranges, strategy="Grid", jobs=None, parallel=2,
                static={"x": "0.5"},
            )
        )  # fmt: skip
        wait_until(
            lambda: (
                trials(client, "left", StatusEquals="InProgress")
                and trials(client, "left", StatusEquals="Completed")
            )
        )
        if how == "killed":
            server = psutil.Process(local._owner["pid"])
            server.kill()
            assert have_ended(server)
    with sagemaker.start(folder) as local:
        client = local.client("sagemaker", config=ONCE)
        found = ended(client, "left")
        assert found["HyperParameterTuningJobStatus"] == "Completed"
        counters = found["TrainingJobStatusCounters"]
        assert (counters["Completed"], counters["RetryableError"]) == (2, 1)
        tried = trials(client, "left")
        assert [one["TunedHyperParameters"]["pause"] for one in tried].count("4") == 2
        (failed,) = trials(client, "left", StatusEquals="Failed")
        assert "server on this machine ended" in failed["FailureReason"]


def test_a_step_of_a_pipeline(local, client):
    asked = request(local, "x", ranges=categories("0.1", "0.3"), strategy="Grid", jobs=None)
    del asked["HyperParameterTuningJobName"]
    best = {"Get": "Steps.Tune.BestTrainingJob.TrainingJobName"}
    steps = [
        {"Name": "Tune", "Type": "Tuning", "Arguments": asked},
        {
            "Name": "Say",
            "Type": "Fail",
            "Arguments": {
                "ErrorMessage": {"Std:Join": {"On": " ", "Values": ["best", best]}}
            },
        },
    ]
    text = json.dumps({"Version": "2020-12-01", "Steps": steps})
    client.create_pipeline(PipelineName="p", RoleArn=local.role, PipelineDefinition=text)
    arn = client.start_pipeline_execution(PipelineName="p")["PipelineExecutionArn"]
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found = client.describe_pipeline_execution(PipelineExecutionArn=arn)
        if found["PipelineExecutionStatus"] != "Executing":
            break
        time.sleep(0.1)
    listed = client.list_pipeline_execution_steps(PipelineExecutionArn=arn)
    shown = {one["StepName"]: one for one in listed["PipelineExecutionSteps"]}
    assert shown["Tune"]["StepStatus"] == "Succeeded", shown
    name = shown["Tune"]["Metadata"]["TuningJob"]["Arn"].rpartition("/")[2]
    job = described(client, name)["BestTrainingJob"]
    assert job["TunedHyperParameters"] == {"x": "0.3"}
    assert job["TrainingJobName"] in shown["Say"]["FailureReason"]


def test_what_is_refused(local, client):
    def refused(said, change=None, **options):
        asked = request(local, "bad", **options)
        if change:
            change(asked)
        with pytest.raises(ClientError, match=said):
            client.create_hyper_parameter_tuning_job(**asked)
        with pytest.raises(client.exceptions.ResourceNotFound):
            described(client, "bad")

    def definition(**changes):
        return lambda asked: asked["TrainingJobDefinition"].update(changes)

    refused("no hyperparameter", ranges={})
    refused("no MaxNumberOfTrainingJobs", jobs=None)
    refused("MaxResource", strategy="Hyperband")
    refused("Autotune", lambda asked: asked.update(Autotune={"Mode": "Enabled"}))
    refused("TrainingJobDefinition is missing", lambda a: a.pop("TrainingJobDefinition"))
    refused("does not exist", definition(OutputDataConfig={"S3OutputPath": "s3://nowhere"}))
    for image, said in (("nothing/here", "Nothing runs"), (IMAGE, "none of the MetricDef")):
        specification = {"TrainingImage": image, "TrainingInputMode": "File"}
        refused(said, definition(AlgorithmSpecification=specification))

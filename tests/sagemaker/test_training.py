"""Training jobs, really run."""

import io
import json
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import xgboost
from botocore.exceptions import ClientError, WaiterError

from labs_lib import sagemaker

from .conftest import ONCE, have_ended
from .test_endpoints import SKLEARN, XGBOOST, archive

IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/trainer:1"
TRAINER = str(Path(__file__).with_name("trainer.py"))
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


class Site:
    """Clients of one server, and the calls that every test makes."""

    def __init__(self, local):
        self.local = local
        self.sagemaker = local.client("sagemaker", config=ONCE)
        self.s3 = local.client("s3", config=ONCE)
        self.logs = local.client("logs", config=ONCE)
        local.register(IMAGE, train=[sys.executable, TRAINER, "train"])
        self.s3.create_bucket(Bucket=local.bucket)

    def request(self, name, hyperparameters=None, *, image=IMAGE, channels=None, **more):
        specification = {"TrainingImage": image, "TrainingInputMode": "File"}
        specification |= more.pop("specification", {})
        found = {
            "TrainingJobName": name,
            "AlgorithmSpecification": specification,
            "RoleArn": self.local.role,
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.local.bucket}/out"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "HyperParameters": hyperparameters or {},
        }
        if channels:
            found["InputDataConfig"] = [
                {
                    "ChannelName": channel,
                    "DataSource": {
                        "S3DataSource": {
                            "S3DataType": "S3Prefix",
                            "S3Uri": f"s3://{self.local.bucket}/{prefix}",
                        }
                    },
                    "ContentType": "text/csv",
                }
                for channel, prefix in channels.items()
            ]
        return found | more

    def create(self, name, *arguments, **options):
        self.sagemaker.create_training_job(**self.request(name, *arguments, **options))

    def wait(self, name):
        waiter = self.sagemaker.get_waiter("training_job_completed_or_stopped")
        waiter.wait(TrainingJobName=name, WaiterConfig={"MaxAttempts": 2})
        return self.describe(name)

    def describe(self, name):
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def fail(self, name, *arguments, **options):
        self.create(name, *arguments, **options)
        with pytest.raises(WaiterError):
            self.wait(name)
        found = self.describe(name)
        assert found["TrainingJobStatus"] == found["SecondaryStatus"] == "Failed"
        return found["FailureReason"]

    def put(self, key, body):
        self.s3.put_object(Bucket=self.local.bucket, Key=key, Body=body)

    def read(self, uri):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def opened(self, uri):
        with tarfile.open(fileobj=io.BytesIO(self.read(uri))) as tar:
            return {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}

    def log(self, name):
        found = self.logs.get_log_events(
            logGroupName="/aws/sagemaker/TrainingJobs",
            logStreamName=f"{name}/algo-1",
            startFromHead=True,
        )
        return [event["message"] for event in found["events"]]

    def said(self, name, word):
        """Wait until a job has printed a line that begins with a word; return the rest."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                for line in self.log(name):
                    if line.startswith(word):
                        return line[len(word) :].strip()
            except ClientError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{name} did not say {word}")


@pytest.fixture(scope="module")
def site(local):
    return Site(local)


def test_a_job_from_its_data_to_its_model(site):
    site.put("in/train/a.csv", b"1")
    site.put("in/train/sub/b.csv", b"2")
    site.put("in/train-more/c.csv", b"3")
    site.put("in/one.csv", b"4")
    hyperparameters = {
        "depth": "3",
        "name": "a b",
        "list": "[1, 2]",
        "losses": "[0.5, 0.25]",
    }
    site.create(
        "whole",
        hyperparameters,
        channels={"train": "in/train/", "one": "in/one.csv"},
        Environment={"OWN": "value"},
        specification={
            "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+);"}],
        },
        Tags=[{"Key": "k", "Value": "v"}],
    )
    job = site.wait("whole")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    transitions = job["SecondaryStatusTransitions"]
    assert [t["Status"] for t in transitions] == [
        "Starting", "Downloading", "Training", "Uploading", "Completed",
    ]  # fmt: skip
    assert all(t["StartTime"] <= t["EndTime"] for t in transitions)
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] >= 1
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    (metric,) = job["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("loss", 0.25)
    assert job["HyperParameters"] == hyperparameters
    model = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert model == f"s3://{site.local.bucket}/out/whole/output/model.tar.gz"
    seen = json.loads(site.opened(model)["seen.json"])
    assert seen["files"] == {"train/a.csv": "1", "train/sub/b.csv": "2", "one/one.csv": "4"}
    assert seen["arguments"] == ["train"]
    found = seen["environment"]
    assert found["OWN"] == "value"
    assert json.loads(found["SM_CHANNELS"]) == ["one", "train"]
    assert Path(found["SM_CHANNEL_TRAIN"]).parts[-4:] == ("ml", "input", "data", "train")
    assert json.loads(found["SM_HPS"])["depth"] == 3
    assert (found["SM_HP_DEPTH"], found["SM_HP_NAME"]) == ("3", "a b")
    assert found["TRAINING_JOB_NAME"] == "whole"
    assert found["TRAINING_JOB_ARN"] == job["TrainingJobArn"]
    configuration = seen["configuration"]
    assert configuration["hyperparameters"] == hyperparameters
    assert configuration["inputdataconfig"]["train"] == {
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
        "ContentType": "text/csv",
    }
    assert configuration["resourceconfig"]["hosts"] == ["algo-1"]
    assert site.log("whole")[0].startswith("training begins")
    assert not Path(seen["folder"]).exists(), "an instance is gone after its job"
    tags = site.sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "k", "Value": "v"}]
    with pytest.raises(site.sagemaker.exceptions.ResourceInUse, match="must be unique"):
        site.create("whole")


def test_a_waiter_is_held_and_nobody_else(site):
    site.create("held", {"mode": "output"})
    begun = time.monotonic()
    assert site.describe("held")["TrainingJobStatus"] == "InProgress"
    assert time.monotonic() - begun < 5
    site.wait("held")
    assert time.monotonic() - begun < 60, (
        "a waiter sleeps for 120 s if Describe does not hold"
    )
    output = f"s3://{site.local.bucket}/out/held/output/output.tar.gz"
    assert site.opened(output) == {"report.txt": b"fine"}


def test_a_model_need_not_be_packed(site):
    path = f"s3://{site.local.bucket}/flat/"
    config = {"S3OutputPath": path, "CompressionType": "NONE"}
    site.create("flat", OutputDataConfig=config)
    model = site.wait("flat")["ModelArtifacts"]["S3ModelArtifacts"]
    assert model == f"{path}flat/output/model/"
    assert json.loads(site.read(f"{model}seen.json"))["files"] == {}


# What fails


def test_a_failure_file_is_the_reason(site):
    reason = site.fail("failed", {"mode": "fail"})
    assert reason.startswith("AlgorithmError: the reason: xxx")
    assert len(reason) == 1024


def test_without_a_failure_file_the_last_words_are(site):
    reason = site.fail("crashed", {"mode": "crash"})
    assert reason == (
        "AlgorithmError: the command ended with exit code 1. Its last words: RuntimeError: "
        "nobody caught this"
    )


@pytest.mark.parametrize(
    ("name", "objects", "message"),
    [
        ("empty", {}, "No S3 objects found under S3 URL"),
        ("dots", {"../x": b""}, "cannot be the name of a file"),
        ("both", {"a": b"", "a/b": b""}, "would be the same file: a/b"),
    ],
)
def test_data_that_cannot_be_copied(site, name, objects, message):
    for key, body in objects.items():
        site.put(f"bad/{name}/{key}", body)
    reason = site.fail(f"data-{name}", channels={"train": f"bad/{name}/"})
    assert reason.startswith("ClientError: ")
    assert message in reason


def test_a_manifest_names_the_objects(site):
    site.put("m/a", b"1")
    site.put("m/b", b"2")
    base = {"prefix": f"s3://{site.local.bucket}/m/"}
    for name, text in (("good", [base, "b"]), ("bad", {"prefix": 1})):
        site.put(f"{name}.manifest", json.dumps(text).encode())
        request = site.request(f"manifest-{name}", channels={"train": f"{name}.manifest"})
        source = request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
        source["S3DataType"] = "ManifestFile"
        site.sagemaker.create_training_job(**request)
    model = site.wait("manifest-good")["ModelArtifacts"]["S3ModelArtifacts"]
    assert json.loads(site.opened(model)["seen.json"])["files"] == {"train/b": "2"}
    with pytest.raises(WaiterError):
        site.wait("manifest-bad")
    assert "is no manifest" in site.describe("manifest-bad")["FailureReason"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image": "unknown:1"}, "Nothing runs on this machine under the image unknown:1"),
        ({"OutputDataConfig": {"S3OutputPath": "s3://nothing/x"}}, "which does not exist"),
        ({"specification": {"TrainingInputMode": "Pipe"}}, "give File or FastFile"),
        ({"specification": {"MetricDefinitions": [{"Name": "m", "Regex": "("}]}}, "Regex of"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2,
                             "VolumeSizeInGB": 1}}, "has one instance"),
        ({"ResourceConfig": {"InstanceType": "ml.huge", "InstanceCount": 1,
                             "VolumeSizeInGB": 1}}, "Member must satisfy enum value set"),
    ],
)  # fmt: skip
def test_jobs_that_cannot_be(site, changed, message):
    with pytest.raises(ClientError, match=message) as error:
        site.create("wrong", **changed)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    missing = site.sagemaker.exceptions.ResourceNotFound
    with pytest.raises(missing, match="Requested resource not found"):
        site.describe("wrong")


# How a job ends before its end


@posix
def test_a_stopped_job_may_save_its_model(site):
    site.create("stopped", {"mode": "polite"})
    site.said("stopped", "pid")
    site.sagemaker.stop_training_job(TrainingJobName="stopped")
    job = site.wait("stopped")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    statuses = [t["Status"] for t in job["SecondaryStatusTransitions"]]
    assert statuses[2:] == ["Training", "Stopping", "Uploading", "Stopped"]
    assert "seen.json" in site.opened(job["ModelArtifacts"]["S3ModelArtifacts"])
    with pytest.raises(ClientError, match="is in status Stopped"):
        site.sagemaker.stop_training_job(TrainingJobName="stopped")


@posix
def test_a_stubborn_job_is_killed_after_120_seconds_on_the_clock(site):
    site.create(
        "stubborn", {"mode": "stubborn"}, StoppingCondition={"MaxRuntimeInSeconds": 9999}
    )
    process = psutil.Process(int(site.said("stubborn", "pid")))
    site.sagemaker.stop_training_job(TrainingJobName="stubborn")
    time.sleep(0.3)
    site.local.step(100)
    time.sleep(0.3)
    assert site.describe("stubborn")["TrainingJobStatus"] == "Stopping"
    assert process.is_running()
    site.local.step(21)
    job = site.wait("stubborn")
    assert job["TrainingJobStatus"] == "Stopped"
    assert job["TrainingTimeInSeconds"] >= 121
    assert have_ended(process)


def test_time_runs_out_on_the_clock(site):
    site.create("slow", {"mode": "sleep"}, StoppingCondition={"MaxRuntimeInSeconds": 1000})
    process = psutil.Process(int(site.said("slow", "pid")))
    site.local.step(1001)
    job = site.wait("slow")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == (
        "Stopped",
        "MaxRuntimeExceeded",
    )
    assert have_ended(process)


def test_a_job_can_be_deleted_when_it_has_ended(site):
    site.create("gone")
    site.wait("gone")
    listed = site.sagemaker.list_training_jobs(
        NameContains="gone", StatusEquals="Completed"
    )
    assert [job["TrainingJobName"] for job in listed["TrainingJobSummaries"]] == ["gone"]
    site.sagemaker.delete_training_job(TrainingJobName="gone")
    with pytest.raises(site.sagemaker.exceptions.ResourceNotFound):
        site.describe("gone")


# The images of AWS


@pytest.fixture(scope="module")
def table(site):
    features = np.random.default_rng(0).normal(size=(400, 3)).round(3)
    label = (features[:, 0] + features[:, 1] > 0).astype(int)
    lines = [",".join(map(str, [y, *x])) for y, x in zip(label, features, strict=True)]
    site.put("xgb/train/rows.csv", "\n".join(lines[:300]).encode())
    site.put("xgb/validation/rows.csv", "\n".join(lines[300:]).encode())
    return features, label


BOOST = {"objective": "binary:logistic", "num_round": "5", "max_depth": "2",
         "eval_metric": "logloss,auc", "nthread": "1"}  # fmt: skip


def test_the_built_in_xgboost_trains_what_xgboost_trains(site, table):
    features, label = table
    site.create(
        "boosted",
        BOOST,
        image=XGBOOST,
        channels={"train": "xgb/train/", "validation": "xgb/validation/"},
    )
    job = site.wait("boosted")
    data = xgboost.DMatrix(features[:300].astype(np.float32), label=label[:300])
    check = xgboost.DMatrix(features[300:].astype(np.float32), label=label[300:])
    own = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1}
    results = {}
    expected = xgboost.train(
        own | {"eval_metric": ["logloss", "auc"]}, data, 5, evals=[(check, "validation")],
        evals_result=results, verbose_eval=False,
    )  # fmt: skip
    raw = site.opened(job["ModelArtifacts"]["S3ModelArtifacts"])["xgboost-model"]
    booster = xgboost.Booster()
    booster.load_model(bytearray(raw))
    assert np.allclose(booster.predict(check), expected.predict(check))
    metrics = {m["MetricName"]: m["Value"] for m in job["FinalMetricDataList"]}
    for name in ("logloss", "auc"):
        final = results["validation"][name][-1]
        assert metrics[f"validation:{name}"] == pytest.approx(final, abs=1e-5)
    assert {"train:logloss", "train:auc"} <= set(metrics)


def test_the_built_in_xgboost_checks_its_hyperparameters(site, table):
    wrong = {**BOOST, "eta": "7", "max_dept": "3"}
    reason = site.fail("misspelled", wrong, image=XGBOOST, channels={"train": "xgb/train/"})
    assert "Hyperparameter validation failed" in reason
    assert "max_dept" in reason
    assert "eta" in reason


def test_a_script_trains_under_either_image(site):
    script = (
        b"import argparse, json, os\n"
        b"parser = argparse.ArgumentParser()\n"
        b"parser.add_argument('--alpha', type=float)\n"
        b"parser.add_argument('--text')\n"
        b"given = parser.parse_args()\n"
        b"import helper\n"
        b"with open(os.path.join(os.environ['SM_MODEL_DIR'], 'm.json'), 'w') as file:\n"
        b"    json.dump([given.alpha, given.text, helper.VALUE], file)\n"
    )
    site.put(
        "code/source.tar.gz", archive({"train.py": script, "helper.py": b"VALUE = 1\n"})
    )
    hyperparameters = {
        "alpha": "0.5",
        "text": json.dumps("as the SDK writes it"),
        "sagemaker_program": json.dumps("train.py"),
        "sagemaker_submit_directory": json.dumps(
            f"s3://{site.local.bucket}/code/source.tar.gz"
        ),
    }
    site.create("scripted", hyperparameters, image=SKLEARN)
    model = site.opened(site.wait("scripted")["ModelArtifacts"]["S3ModelArtifacts"])
    assert json.loads(model["m.json"]) == [0.5, "as the SDK writes it", 1]
    reason = site.fail("unscripted", image=SKLEARN)
    assert "sagemaker_program" in reason


def test_a_request_may_bring_its_own_command(site):
    code = (
        "import os; open(os.path.join(os.environ['SM_MODEL_DIR'], 'm'), 'w').write('own')"
    )
    entry = {"ContainerEntrypoint": [sys.executable, "-c"], "ContainerArguments": [code]}
    site.create("own-command", specification=entry)
    model = site.wait("own-command")["ModelArtifacts"]["S3ModelArtifacts"]
    assert site.opened(model) == {"m": b"own"}
    reason = site.fail(
        "no-command", specification={"ContainerEntrypoint": ["/no/such/program"]}
    )
    assert "cannot be run" in reason


# Kills


@posix
def test_a_killed_keeper_leaves_nothing_and_fails_the_job(site):
    site.create("orphaned", {"mode": "child"})
    child = psutil.Process(int(site.said("orphaned", "child")))
    process = psutil.Process(int(site.said("orphaned", "pid")))
    process.parent().kill()
    with pytest.raises(WaiterError):
        site.wait("orphaned")
    assert have_ended(process, child)


def test_jobs_of_a_killed_server_end_and_are_failed_by_the_next(tmp_path):
    first = sagemaker.start(tmp_path)
    site = Site(first)
    site.create("cut", {"mode": "child"})
    child = psutil.Process(int(site.said("cut", "child")))
    process = psutil.Process(int(site.said("cut", "pid")))
    psutil.Process(first._owner["pid"]).kill()
    first._process.wait()
    assert have_ended(process, child)
    with sagemaker.start(tmp_path) as second:
        job = second.client("sagemaker").describe_training_job(TrainingJobName="cut")
        assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
        assert "ended while the job ran" in job["FailureReason"]
        assert all("EndTime" in t for t in job["SecondaryStatusTransitions"])
    first.close()


# Logs


def test_logs_go_forward_and_backward(site):
    losses = json.dumps([n / 10 for n in range(1, 10)])
    site.create("chatty", {"losses": losses})
    site.wait("chatty")
    whole = site.log("chatty")
    assert len(whole) == 10
    names = {
        "logGroupName": "/aws/sagemaker/TrainingJobs",
        "logStreamName": "chatty/algo-1",
        "limit": 4,
    }
    seen, token = [], {"startFromHead": True}
    while True:
        answer = site.logs.get_log_events(**names, **token)
        if not answer["events"]:
            break
        seen += [event["message"] for event in answer["events"]]
        token = {"nextToken": answer["nextForwardToken"]}
    assert seen == whole
    assert (
        site.logs.get_log_events(**names, **token)["nextForwardToken"] == token["nextToken"]
    )
    last = site.logs.get_log_events(**names)
    assert [event["message"] for event in last["events"]] == whole[-4:]
    before = site.logs.get_log_events(**names, nextToken=last["nextBackwardToken"])
    assert [event["message"] for event in before["events"]] == whole[-8:-4]
    missing = site.logs.exceptions.ResourceNotFoundException
    for wrong in ({"logGroupName": "/no"}, {"logStreamName": "no"}):
        with pytest.raises(missing):
            site.logs.get_log_events(**{**names, **wrong})
    streams = site.logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="chatty"
    )["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == ["chatty/algo-1"]
    groups = site.logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/Tr")[
        "logGroups"
    ]
    assert [group["logGroupName"] for group in groups] == ["/aws/sagemaker/TrainingJobs"]


def test_a_regex_that_takes_for_ever_holds_up_nobody(site):
    evil = {"Name": "evil", "Regex": "(a+)+b"}
    loss = {"Name": "loss", "Regex": "loss=([0-9.]+);"}
    begun = time.monotonic()
    site.create(
        "evil",
        {"say": "a" * 60, "losses": "[0.5]"},
        specification={"MetricDefinitions": [evil, loss]},
    )
    slowest = 0.0
    while True:
        asked = time.monotonic()
        job = site.sagemaker.describe_training_job(TrainingJobName="evil")
        slowest = max(slowest, time.monotonic() - asked)
        if job["TrainingJobStatus"] != "InProgress":
            break
        time.sleep(0.02)
    assert job["TrainingJobStatus"] == "Completed"
    assert time.monotonic() - begun < 30
    # The pattern alone takes longer than the age of the universe.
    assert slowest < 5
    assert [m["Value"] for m in job["FinalMetricDataList"]] == [0.5]
    logs = site.local.client("logs").get_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamName="evil/algo-1"
    )
    assert any("not searched any more" in e["message"] for e in logs["events"])

import sys
from pathlib import Path

import pandas as pd
import pytest

from labs_lib import sagemaker
from labs_lib.labs.deploy.lineage.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------

RIGHT = {
    "a": "named",
    "b": "missed",
    "c": "named",
    "d": "missed",
    "e": "missed",
    "f": "named",
}
SKLEARN = (
    "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
)
COPY = b"import shutil, sys; shutil.copy(sys.argv[1] + '/daily.csv', sys.argv[2] + '/part.csv')"
CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}


class Bank:
    """The six models of the exercise, on the SageMaker of this machine."""

    def __init__(self, local):
        self.local, self.client = local, local.client("sagemaker")
        self.s3 = local.client("s3")
        for bucket in ("bank", "code"):
            self.s3.create_bucket(Bucket=bucket)
        trainer = Path(__file__).parents[2] / "sagemaker" / "trainer.py"
        local.register("own/lineage:1", train=[sys.executable, str(trainer)])

    def put(self, key, body):
        self.s3.put_object(Bucket="bank", Key=key, Body=body)

    def train(self, name, uri):
        source = {"S3DataType": "S3Prefix", "S3Uri": uri}
        self.client.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={
                "TrainingImage": "own/lineage:1",
                "TrainingInputMode": "File",
            },
            RoleArn=self.local.role,
            InputDataConfig=[
                {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
            ],
            OutputDataConfig={"S3OutputPath": "s3://code/out/"},
            ResourceConfig=CLUSTER,
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )
        waiter = self.client.get_waiter("training_job_completed_or_stopped")
        waiter.wait(TrainingJobName=name)

    def clean(self):
        self.s3.put_object(Bucket="code", Key="copy.py", Body=COPY)
        place = "/opt/ml/processing"
        sources = {"code": "s3://code/copy.py", "in": "s3://bank/daily.csv"}
        self.client.create_processing_job(
            ProcessingJobName="clean",
            RoleArn=self.local.role,
            AppSpecification={
                "ImageUri": SKLEARN,
                "ContainerEntrypoint": ["python3", f"{place}/code/copy.py"],
                "ContainerArguments": [f"{place}/in", f"{place}/out"],
            },
            ProcessingInputs=[
                {
                    "InputName": name,
                    "S3Input": {
                        "S3Uri": uri,
                        "LocalPath": f"{place}/{name}",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
                for name, uri in sources.items()
            ],
            ProcessingOutputConfig={
                "Outputs": [
                    {
                        "OutputName": "out",
                        "S3Output": {
                            "S3Uri": "s3://bank/clean/",
                            "LocalPath": f"{place}/out",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
            ProcessingResources={"ClusterConfig": CLUSTER},
        )
        waiter = self.client.get_waiter("processing_job_completed_or_stopped")
        waiter.wait(ProcessingJobName="clean")

    def named(self, uri):
        (start,) = self.client.list_artifacts(SourceUri=uri)["ArtifactSummaries"]
        answer = self.client.query_lineage(
            StartArns=[start["ArtifactArn"]],
            Direction="Descendants",
            Filters={"LineageTypes": ["TrialComponent"]},
            MaxResults=50,
        )
        names = [vertex["Arn"].rpartition("/")[2] for vertex in answer["Vertices"]]
        return {name.partition("-")[0] for name in names} - {"clean"}


def test_ex1_agrees_with_the_service(tmp_path):
    with sagemaker.start(tmp_path) as local:
        bank = Bank(local)
        bank.put("daily.csv", b"1\n")
        bank.train("a", "s3://bank/daily.csv")
        bank.train("b", "s3://bank/")
        bank.clean()
        bank.train("c", "s3://bank/clean/")
        bank.train("d", "s3://bank/clean/part.csv")
        source = {"Bucket": "bank", "Key": "daily.csv"}
        bank.s3.copy_object(Bucket="bank", Key="copy.csv", CopySource=source)
        bank.train("e", "s3://bank/copy.csv")
        bank.put("daily.csv", b"2\n")
        bank.train("f", "s3://bank/daily.csv")
        named = bank.named("s3://bank/daily.csv")
    assert named == {model for model, outcome in RIGHT.items() if outcome == "named"}


def test_ex1():
    others = {"named": "missed", "missed": "named"}
    changed = {label: RIGHT | {label: others[RIGHT[label]]} for label in RIGHT}
    assert_exercise(
        lab.ex1,
        right=[
            (RIGHT,),
            (pd.Series(RIGHT),),
            (list(RIGHT.items()),),
            ({key: value.upper() for key, value in reversed(RIGHT.items())},),
        ],
        wrong={
            "direct": (changed["a"],),
            "folder": (changed["b"],),
            "two_jobs": (changed["c"],),
            "letters": (changed["d"],),
            "copied": (changed["e"],),
            "content": (changed["f"],),
        },
        stub=(...,),
    )


# Exercise 2 --------------------------------------------------------------------------------


def by_loop(uploads, notes, bad):
    found = []
    for job, (before, after) in notes.items():
        if bad in uploads[uploads.index(before) : uploads.index(after) + 1]:
            found.append(job)
    return found


def by_places(uploads, notes, bad):
    at = dict(zip(uploads, range(len(uploads)), strict=True))
    return tuple(j for j, n in notes.items() if at[n[0]] <= at[bad] and at[bad] <= at[n[1]])


def by_exclusion(uploads, notes, bad):
    place = uploads.index(bad)
    early, late = set(uploads[:place]), set(uploads[place + 1 :])
    return {job for job, (b, a) in notes.items() if a not in early and b not in late}


def by_sorting(uploads, notes, bad):
    def between(job):
        return sorted([bad, *notes[job]], key=uploads.index)[1] == bad

    return {job: between(job) for job in notes}


def without_the_second_note(uploads, notes, bad):
    place = uploads.index
    return {j for j, (b, a) in notes.items() if bad in uploads[place(b) : place(a)]}


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (answer,)
            for answer in (
                by_loop,
                by_places,
                by_exclusion,
                by_sorting,
                lambda *given: pd.Series(by_loop(*given), dtype=object),
                lambda *given: pd.Index(by_loop(*given), dtype=object),
            )
        ],
        wrong={
            None: (lambda uploads, notes, bad: set(notes),),
            "strictly": (without_the_second_note,),
        },
        stub=(stub,),
    )


# Exercise 3 --------------------------------------------------------------------------------


def by_stack(reach, start):
    found, todo = set(), [start]
    while todo:
        arn = todo.pop()
        if arn not in found:
            found.add(arn)
            todo.extend(reach(arn))
    return found


def by_recursion(reach, start, found=None):
    found = {start} if found is None else found
    for arn in sorted(reach(start) - found):
        if arn not in found:
            found.add(arn)
            by_recursion(reach, arn, found)
    return found


def by_rounds(reach, start):
    asked, border = set(), {start}
    while border:
        asked |= border
        border = set().union(*map(reach, sorted(border))) - asked
    return sorted(asked)


def fixed_rounds(count):
    def answer(reach, start):
        found, asked = {start}, set()
        for _ in range(count):
            new = found - asked
            asked |= new
            found |= set().union(*map(reach, new)) if new else set()
        return found

    return answer


def asks_the_last_name(reach, start):
    """Ask again from what is last in the alphabet, as if it were the farthest."""
    return reach(start) | reach(max(reach(start)))


def asks_all_again(reach, start):
    found, size = {start}, 0
    while len(found) > size:
        size = len(found)
        found = found.union(*map(reach, found))
    return found


def asks_each_twice(reach, start):
    found = by_stack(reach, start)
    for arn in found:
        reach(arn)
    return found


def recursion_of_all(reach, start):
    return {start}.union(*(recursion_of_all(reach, arn) for arn in reach(start)))


def recursion_of_the_rest(reach, start):
    """End on a chain, after as many queries as it has subsets."""
    rest = reach(start) - {start}
    return {start}.union(*(recursion_of_the_rest(reach, arn) for arn in rest))


def never_ends(reach, start):
    todo = [start]
    found = set()
    while todo:
        new = reach(todo.pop(0))
        found |= new
        todo += new
    return found


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[
            (answer,)
            for answer in (
                by_stack,
                by_recursion,
                by_rounds,
                lambda reach, start: list(by_stack(reach, start)),
                lambda reach, start: pd.Series(sorted(by_stack(reach, start))),
                lambda reach, start: dict.fromkeys(by_stack(reach, start)),
            )
        ],
        wrong={
            "once": (lambda reach, start: reach(start),),
            "twice": (fixed_rounds(2),),
            "endless": (never_ends,),
            "repeated": (asks_each_twice,),
            "start": (lambda reach, start: by_stack(reach, start) - {start},),
            "invented": (lambda reach, start: by_stack(reach, start) | {"nobody"},),
            "short": (asks_the_last_name,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (fixed_rounds(3), "twice"),
        (fixed_rounds(10), "twice"),
        (fixed_rounds(14), "twice"),
        (asks_all_again, "repeated"),
        (recursion_of_all, "endless"),
        (recursion_of_the_rest, "endless"),
    ],
)
def test_ex3_other_forms_of_the_mistakes(answer, key):
    assert lab.ex3.check(answer).misconception == key

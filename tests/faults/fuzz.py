"""Spoilt inputs against what reads them: ``python tests/faults/fuzz.py [COUNT] [SEED]``.

Whatever comes in, the answer is one of a documented kind: a result, an error of ours with a
message, or AWS's form of an error; never a traceback, a failure of the server, a hang, or a
change of what a refused request should have left alone. A subject counts its answers by kind
and raises `Unlawful` at anything else.
"""

import copy
import faulthandler
import io
import json
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, suppress
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd

import labs_lib
from labs_lib import aws, monitor
from labs_lib.aws.request import service_model
from labs_lib.monitor.reading import Csv
from labs_lib.sagemaker import all_operations
from labs_lib.sagemaker.operations import OPERATIONS
from labs_lib.sagemaker.server import Handler, Server
from labs_lib.sagemaker.site import Site
from tests.aws.examples import GOOD
from tests.faults.mutate import NUMBERS, TEXTS, mutated, mutated_bytes, odd

HANG = 60
"""Seconds that one input may take, on a busy machine, before the process says where it is."""

OURS = str(Path(labs_lib.__file__).parent)


class Unlawful(AssertionError):
    """An answer of no documented kind; its text says how to repeat it."""


def said(error: Exception) -> str:
    """Return the kind of an error with a message that this project wrote.

    An error that a library raised, and nobody here put into words, says nothing to a person.
    """
    *_, last = traceback.extract_tb(error.__traceback__)
    assert last.filename.startswith(OURS), f"{last.filename}:{last.lineno}: {error!r}"
    assert str(error).strip(), repr(error)
    return type(error).__name__


# Requests ---------------------------------------------------------------------------------------

REFERENCES = (
    "fuzz", "s3://fuzz/key", "s3://sagemaker-us-east-1-111122223333/a/",
    "arn:aws:iam::111122223333:role/SageMakerRole",
    "arn:aws:sagemaker:us-east-1:111122223333:model/fuzz",
    "arn:aws:sagemaker:us-east-1:111122223333:model-package-group/fuzz",
    "arn:aws:sagemaker:us-east-1:111122223333:feature-group/fuzz",
    "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
    "https://sqs.us-east-1.amazonaws.com/111122223333/fuzz", "1", "0.5", "text/csv", "{}",
)  # fmt: skip


def request_of(shape: Any, chance: random.Random, depth: int = 0) -> Any:
    """Return a value that mostly fits a shape of the service model."""
    kind = shape.type_name
    if kind == "structure":
        names = [
            name
            for name in shape.members
            if name in shape.required_members or (depth < 4 and chance.random() < 0.25)
        ]
        members = {n: request_of(shape.members[n], chance, depth + 1) for n in names[:12]}
        return {} if depth > 7 else members
    if kind == "list":
        count = max(shape.metadata.get("min", 0), chance.choice((0, 1, 1, 2)))
        inner = (request_of(shape.member, chance, depth + 1) for _ in range(min(count, 3)))
        return [] if depth > 7 else list(inner)
    if kind == "map":
        return {chance.choice(REFERENCES): request_of(shape.value, chance, depth + 1)}
    if kind == "string":
        return chance.choice(shape.enum or REFERENCES)
    if kind == "blob":
        return chance.choice(REFERENCES)
    if kind == "boolean":
        return chance.random() < 0.5
    if kind in ("integer", "long"):
        low = shape.metadata.get("min", 0)
        return chance.randint(low, min(shape.metadata.get("max", low + 100), low + 100))
    if kind == "timestamp":
        return chance.choice((0, 1_700_000_000, 1_700_000_000.5))
    return chance.choice((0.0, 0.5, 1.0, 50.0))


class Aws:
    """`aws.validate` and `aws.check_xgboost_hyperparameters`."""

    name = "aws"

    def __init__(self, folder: Path):
        self._names = sorted(OPERATIONS)

    def one(self, chance: random.Random) -> str:
        if chance.random() < 0.5:
            service, operation = chance.choice(self._names)
            shape = service_model(service).operation_model(operation).input_shape
            request = request_of(shape, chance) if shape is not None else {}
        else:
            service = "sagemaker"
            operation = chance.choice(
                [n for n in sorted(GOOD) if ("sagemaker", n) in OPERATIONS]
            )
            request = copy.deepcopy(GOOD[operation])
        given = mutated(request, chance)
        if chance.random() < 0.02:
            operation = odd(chance)
        before = repr(given)
        try:
            if chance.random() < 0.1:
                found = aws.check_xgboost_hyperparameters(
                    mutated(GOOD["CreateTrainingJob"]["HyperParameters"], chance)
                )
            else:
                found = aws.validate(operation, given, service=service)
            str(found)
            kind = "valid"
        except (aws.RequestError, ValueError) as error:
            kind = said(error)
        assert repr(given) == before, "the request was changed"
        return kind


# The server ---------------------------------------------------------------------------------------

ACTIONS = ("invocations", "async-invocations", "invocations-response-stream")
HEADERS = (
    "Range", "If-Match", "If-None-Match", "X-Amz-Copy-Source", "Content-MD5", "Content-Type",
    "X-Amz-Checksum-Crc32", "X-Amz-Trailer", "X-Amzn-SageMaker-Target-Variant", "Expect",
    "X-Amzn-SageMaker-Target-Model", "X-Amzn-SageMaker-InputLocation", "Content-Encoding",
    "X-Amzn-SageMaker-RequestTTLSeconds", "X-Amz-Decoded-Content-Length", "User-Agent",
    "X-Amz-Copy-Source-Range", "X-Amz-Meta-A", "If-Modified-Since", "X-Amz-Tagging", "Accept",
)  # fmt: skip
QUERIES = (
    "uploads", "uploadId=1&partNumber=1", "list-type=2", "prefix=a", "max-keys=1", "delete",
    "list-type=2&continuation-token=x", "versioning", "location", "tagging", "encoding-type=url",
    "Action=GetCallerIdentity&Version=2011-06-15", "partNumber=x", "max-keys=99999999999999999999",
)  # fmt: skip


class Connection:
    """A socket that was sent some bytes and closed, without the network."""

    def __init__(self, sent: bytes):
        self._sent = io.BytesIO(sent)
        self.answer = io.BytesIO()
        self.answer.close = lambda: None  # type: ignore[method-assign]

    def makefile(self, mode: str, *arguments: Any) -> io.BytesIO:
        return self._sent if "r" in mode else self.answer

    def setsockopt(self, *arguments: Any) -> None:
        pass


class Sagemaker:
    """The server's handler, from the bytes of a request to those of its answer."""

    name = "sagemaker"

    def __init__(self, folder: Path):
        site = Site(folder, account="111122223333", speed=1)
        self.server = Server(site)
        # Its copy of the state: only what is stored counts, not what waits to be.
        all_operations.recover(site)
        self._json = {
            "sagemaker": "SageMaker",
            "logs": "Logs_20140328",
            "sqs": "AmazonSQS",
            "events": "AWSEvents",
            "application-autoscaling": "AnyScaleFrontendService",
            "cloudwatch": "GraniteServiceVersion20100801",
        }
        self._names = [pair for pair in sorted(OPERATIONS) if pair[0] in self._json]
        self._log = io.StringIO()
        self._changes = 0
        self._begin()

    def close(self) -> None:
        all_operations.close(self.server.site)
        self.server.server_close()
        self.server.site.state.close()

    def _begin(self) -> None:
        """Make what requests can name: "fuzz" of several kinds."""
        for method, path, body in (
            ("PUT", "/fuzz", b""),
            ("PUT", "/fuzz/key", b"1,2\n3,4\n"),
            ("PUT", "/sagemaker-us-east-1-111122223333", b""),
        ):
            self._lawful(self._http(method, path, body, "s3"))
        image = REFERENCES[7]
        for operation, body in (
            ("CreateModel", {"ModelName": "fuzz", "ExecutionRoleArn": REFERENCES[3],
                             "PrimaryContainer": {"Image": image, "ModelDataUrl": "s3://fuzz/key"}}),
            ("CreateModelPackageGroup", {"ModelPackageGroupName": "fuzz"}),
            ("CreateEndpointConfig", {"EndpointConfigName": "fuzz", "ProductionVariants": [
                {"VariantName": "fuzz", "ModelName": "fuzz", "InitialInstanceCount": 1,
                 "InstanceType": "ml.m5.large"}]}),
            ("CreateFeatureGroup", {
                "FeatureGroupName": "fuzz", "RecordIdentifierFeatureName": "id",
                "EventTimeFeatureName": "at", "OnlineStoreConfig": {"EnableOnlineStore": True},
                "FeatureDefinitions": [{"FeatureName": "id", "FeatureType": "String"},
                                       {"FeatureName": "at", "FeatureType": "String"}]}),
        ):  # fmt: skip
            answer = self._http(
                "POST", "/", json.dumps(body).encode(), "sagemaker",
                {"X-Amz-Target": f"SageMaker.{operation}"},
            )  # fmt: skip
            self._lawful(answer)

    def _head(self, service: str) -> str:
        scope = {"cloudwatch": "monitoring"}.get(service, service)
        credential = f"{self.server.key}/20260101/us-east-1/{scope}/aws4_request"
        return f"AWS4-HMAC-SHA256 Credential={credential}, Signature=x"

    def _http(
        self, method: str, path: str, body: bytes, service: str, more: dict | None = None
    ) -> bytes:
        headers = {"Authorization": self._head(service), "Content-Length": str(len(body))}
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in (headers | (more or {})).items()]
        head = "\r\n".join(lines) + "\r\n\r\n"
        return head.encode("utf-8", "surrogatepass") + body

    def one(self, chance: random.Random) -> str:
        kind = chance.randrange(10)
        if kind < 5:
            return self._lawful(self._json_request(chance))
        if kind < 7:
            return self._lawful(self._rest_request(chance))
        if kind == 7:
            path = chance.choice(["/clock", "/register", "/interrupt", "/x"])
            asked = {"step": 0, "job": "fuzz", "seconds": 0, "image": "", "train": ["x"]}
            body = json.dumps(mutated(asked, chance)).encode()
            head = {"X-Labs-Key": self.server.key}
            return self._lawful(self._http("POST", path, body, "x", head))
        make = chance.choice((self._json_request, self._rest_request))
        return self._lawful(mutated_bytes(make(chance), chance))

    def _json_request(self, chance: random.Random) -> bytes:
        service, name = chance.choice(self._names)
        shape = service_model(service).operation_model(name).input_shape
        request = request_of(shape, chance) if shape is not None else {}
        if service == "sagemaker" and name in GOOD and chance.random() < 0.3:
            request = GOOD[name]
        if chance.random() < 0.8:
            request = mutated(request, chance)
        body = json.dumps(request, default=str).encode()
        if chance.random() < 0.1:
            body = mutated_bytes(body, chance)
        if chance.random() < 0.05:
            text = body.decode("utf-8", "replace")
            body = text.encode(chance.choice(("utf-16", "utf-7", "latin-1")), "replace")
        target = f"{self._json[service]}.{name}"
        if chance.random() < 0.03:
            target = chance.choice(TEXTS).replace("\n", " ")
        return self._http("POST", "/", body, service, {"X-Amz-Target": target})

    def _rest_request(self, chance: random.Random) -> bytes:
        service = chance.choice(["s3", "s3", "sagemaker", "sts", "resource-groups", "x"])
        method = chance.choice(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"])
        part = [chance.choice(("fuzz", "key", *TEXTS)) for _ in range(2)]
        path = "/" + "/".join(part)
        if service == "sagemaker":
            path = chance.choice([
                f"/endpoints/{part[0]}/{chance.choice(ACTIONS)}", f"/FeatureGroup/{part[0]}",
                "/BatchGetRecord",
            ])  # fmt: skip
        query = chance.choice(("", *QUERIES))
        if chance.random() < 0.3:
            query += "&" + chance.choice(TEXTS)
        path = f"{path}?{query}".replace("\n", "%0A").replace(
            " ", chance.choice(("%20", "+"))
        )
        values = (
            *TEXTS,
            "bytes=0-",
            "bytes=5-1",
            "bytes=-99",
            "/fuzz/key",
            *map(str, NUMBERS),
        )
        more = {
            chance.choice(HEADERS): chance.choice(values).replace("\n", " ")
            for _ in range(chance.randrange(3))
        }
        body = chance.choice([
            b"", b"1,2,3", b"<Delete><Object><Key>key</Key></Object></Delete>", b"<a",
            b'{"Record": [{"FeatureName": "id", "ValueAsString": "1"}]}', b"\xff\xfe", b"[1]",
            b"<CompleteMultipartUpload><Part/></CompleteMultipartUpload>",
        ])  # fmt: skip
        return self._http(method, path, body, service, more)

    def _lawful(self, sent: bytes) -> str:
        """Send, and hold what comes back against the law."""
        kind, changes = self._answered(sent)
        if kind[:1] == "4" and changes:
            # A job that an earlier request began may write meanwhile, but not each time.
            again = [self._answered(sent)[1] for _ in range(20)]
            assert 0 in again, f"{sent[:2000]!r}\nis refused and changes what is stored"
        return kind

    def _answered(self, sent: bytes) -> tuple[str, int]:
        """Return the kind of the answer, and how many rows it changed in the state."""
        if b"\r\n" in sent and b"/lease" in sent.partition(b"\r\n")[0]:
            return "left out", 0  # it would end the server, as it should
        state = self.server.site.state
        connection, log = Connection(sent), io.StringIO()
        before = state._connection.total_changes
        with redirect_stderr(log):
            try:
                Handler(connection, ("127.0.0.1", 1), self.server)  # type: ignore[arg-type]
            except (ConnectionError, TimeoutError):
                return "connection ended", 0
        assert not log.getvalue(), f"{sent[:2000]!r}\n{log.getvalue()}"
        answer = connection.answer.getvalue()
        if not answer:
            return "no request", 0
        if b"\r\n" in answer[:60] and answer.startswith(b"HTTP/1.1 100"):
            answer = answer.partition(b"\r\n\r\n")[2]
        if not answer.startswith(b"HTTP/"):
            return ("answered as HTTP/0.9" if answer else "no request"), 0
        status = int(answer.split(b" ", 2)[1])
        assert status < 500 or status in (501, 503, 505), (
            f"{sent[:2000]!r}\n{answer[:2000]!r}"
        )
        assert b"Traceback" not in answer, f"{sent[:2000]!r}\n{answer[:2000]!r}"
        return f"{status}", state._connection.total_changes - before


# The monitor ------------------------------------------------------------------------------------


class Monitor:
    """Tables, files, options and edited baselines, as the command reads them."""

    name = "monitor"

    def __init__(self, folder: Path):
        self._folder = folder
        rng = np.random.default_rng(0)
        self._frame = pd.DataFrame(
            {
                "amount": rng.lognormal(3, 1, 60).round(2),
                "hour": rng.integers(0, 24, 60),
                "country": rng.choice(["DE", "FR", "é"], 60),
                "new": rng.random(60) < 0.3,
            }
        )
        self._csv = self._frame.to_csv(index=False).encode()
        self._frame.to_parquet(folder / "good.parquet")
        self._parquet = (folder / "good.parquet").read_bytes()
        self._baseline = monitor.baseline(self._frame)
        self._baseline.write(folder / "good")
        names = ("statistics.json", "constraints.json")
        self._texts = {name: (folder / "good" / name).read_bytes() for name in names}

    def one(self, chance: random.Random) -> str:
        make: list[Callable[[random.Random], Any]] = [
            self._of_csv, self._of_frame, self._of_baseline, self._of_baseline, self._of_options,
        ]  # fmt: skip
        if chance.random() < 0.1:
            make = [self._of_parquet]
        try:
            found = chance.choice(make)(chance)
        except (ValueError, OSError) as error:
            return said(error)
        json.loads(found.to_json(), parse_constant=_none)
        str(found)
        return "violations" if found.violations else "no violations"

    def _check(self, data: Any, **options: Any) -> Any:
        return monitor.check(data, self._baseline, **options)

    def _either(self, data: Any, chance: random.Random, **options: Any) -> Any:
        """Check a table against the good baseline, or make one of it and check it by itself."""
        if chance.random() < 0.5:
            return self._check(data, **options)
        mode = chance.choice(("sketch", "exact"))
        made = monitor.baseline(data, mode=mode, **options)
        made.write(self._folder / "made", overwrite=True)
        read = monitor.read_baseline(self._folder / "made")
        found = monitor.check(data, read, mode=mode, **options)
        return found

    def _of_csv(self, chance: random.Random) -> Any:
        file = self._folder / "t.csv"
        file.write_bytes(mutated_bytes(self._csv, chance))
        csv = Csv(
            chance.choice((",", ",", ";", "\t")),
            chance.choice((".", ".", ",")),
            chance.choice(("utf-8", "utf-8", "latin-1", "utf-16", "cp037")),
        )
        return self._either(file, chance, csv=csv)

    def _of_parquet(self, chance: random.Random) -> Any:
        file = self._folder / "t.parquet"
        file.write_bytes(mutated_bytes(self._parquet, chance))
        return self._either(file, chance)

    def _of_frame(self, chance: random.Random) -> Any:
        table = self._frame.astype(object).to_dict("list")
        for _ in range(chance.choice((1, 2, 5))):
            name = chance.choice(list(table))
            row = chance.randrange(60)
            value: Any = odd(chance)
            if chance.random() < 0.2:
                value = chance.choice((b"x", object(), pd.NaT, pd.NA, 1j, pd.Timestamp(0)))
            if chance.random() < 0.2:
                table[name] = [value] * 60
            else:
                table[name][row] = value
        frame = pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in table.items()})
        if chance.random() < 0.3:
            names: list[Any] = list(frame.columns)
            names[chance.randrange(4)] = chance.choice((*TEXTS, *NUMBERS, None, ("a", 1)))
            frame.columns = pd.Index(names, dtype=object, tupleize_cols=False)
        if chance.random() < 0.5:
            with suppress(UnicodeEncodeError):  # pandas knows no half characters
                frame = frame.infer_objects()
        if chance.random() < 0.1:
            frame = frame.iloc[: chance.randrange(3), : chance.randrange(5)]
        return self._either(frame, chance)

    def _of_baseline(self, chance: random.Random) -> Any:
        folder = self._folder / "spoilt"
        folder.mkdir(exist_ok=True)
        name = chance.choice(list(self._texts))
        texts = dict(self._texts)
        if chance.random() < 0.3:
            texts[name] = mutated_bytes(texts[name], chance)
        else:
            content = mutated(json.loads(texts[name]), chance)
            texts[name] = json.dumps(content).encode()
        for file, text in texts.items():
            (folder / file).write_bytes(text)
        return monitor.check(self._frame, monitor.read_baseline(folder))

    def _of_options(self, chance: random.Random) -> Any:
        options = mutated(
            {
                "mode": "sketch", "types": {"hour": "String", "amount": "Fractional"},
                "ignore": ["new"], "share_method": "Robust", "completeness": 0.9,
                "comparison_method": "Robust", "comparison_threshold": 0.1,
                "categorical_drift_method": "LInfinity", "domain_content_threshold": 0.1,
                "datatype_check_threshold": 0.1, "categorical_comparison_threshold": 0.1,
            },
            chance,
        )  # fmt: skip
        good = {"mode", "types", "ignore", "share_method", "completeness", "comparison_method",
                "comparison_threshold", "categorical_drift_method", "domain_content_threshold",
                "datatype_check_threshold", "categorical_comparison_threshold"}  # fmt: skip
        made = monitor.baseline(
            self._frame, **{k: v for k, v in options.items() if k in good}
        )
        windows = chance.choice((1, 1, 24, odd(chance)))
        return monitor.check(self._frame, made, windows=windows)


def _none(text: str) -> None:
    raise AssertionError(f"{text} is no JSON")


SUBJECTS = {"monitor": Monitor, "aws": Aws, "sagemaker": Sagemaker}


def run(
    name: str, count: int, *, seed: int = 0, stop: bool = True
) -> tuple[Counter, list[str]]:
    """Give a subject so many spoilt inputs; return its answers by kind, and what was unlawful.

    Parameters
    ----------
    name : str
        One of `SUBJECTS`.
    count, seed : int
        Input number i is drawn from (name, seed, i): each can be repeated alone.
    stop : bool
        Raise the first `Unlawful` answer.
    """
    kinds: Counter = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        subject = SUBJECTS[name](Path(folder))
        if hasattr(subject, "close"):
            stack.callback(subject.close)
        for number in range(count):
            faulthandler.dump_traceback_later(HANG, exit=True, file=sys.__stderr__)
            try:
                kinds[subject.one(random.Random(f"{name} {seed} {number}"))] += 1
            except Exception as error:
                text = f"{name}, seed {seed}, input {number}:\n{traceback.format_exc()}"
                if stop:
                    raise Unlawful(text) from error
                wrong.append(text)
            finally:
                faulthandler.cancel_dump_traceback_later()
    return kinds, wrong


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else 100_000
    seed = int(arguments[1]) if len(arguments) > 1 else 0
    names = arguments[2:] or list(SUBJECTS)
    failed = 0
    for name in names:
        begun = time.perf_counter()
        kinds, wrong = run(name, count // len(names), seed=seed, stop=False)
        took = time.perf_counter() - begun
        print(f"{name}: {sum(kinds.values()) + len(wrong):,} inputs in {took:.0f} s")
        for kind, times in kinds.most_common():
            print(f"  {kind:20} {times:>8,}")
        for last, times in Counter(
            text.strip().splitlines()[-1] for text in wrong
        ).most_common():
            print(f"  UNLAWFUL {times:>6,}  {last[:300]}")
        failed += len(wrong)
        if wrong and os.environ.get("FUZZ_LOG"):
            Path(os.environ["FUZZ_LOG"]).write_text("\n\n".join(wrong), "utf-8", "replace")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

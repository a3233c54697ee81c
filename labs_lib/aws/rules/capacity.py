"""Rules of requests to EC2's volumes, EFS and EMR."""

from collections.abc import Iterator

from labs_lib.aws.rules.rule import Remark, Rule

MOST_IOPS = {"gp3": 80_000, "io1": 64_000, "io2": 256_000}
IOPS_PER_GIB = {"gp3": 500, "io1": 50, "io2": 1_000}
LEAST_IOPS = {"gp3": 3_000, "io1": 100, "io2": 100}
MOST_THROUGHPUT = 2_000
"""MiB/s of a gp3 volume."""
THROUGHPUT_PER_IOPS = 0.25
INCLUDED_THROUGHPUT = 125


def volume_iops(request: dict) -> Iterator[Remark]:
    kind, iops = request.get("VolumeType"), request.get("Iops")
    if kind is None or iops is None:
        return
    if kind not in MOST_IOPS:
        yield "Iops", f"is {iops} for {kind}", f"nothing, or {', '.join(MOST_IOPS)}"
        return
    low, high = LEAST_IOPS[kind], MOST_IOPS[kind]
    if not low <= iops <= high:
        yield "Iops", f"is {iops}", f"{low} to {high} for {kind}"
        return
    size = request.get("Size")
    # What every volume of the type has needs no size.
    if size is not None and iops > max(size * IOPS_PER_GIB[kind], LEAST_IOPS[kind]):
        most = max(size * IOPS_PER_GIB[kind], LEAST_IOPS[kind])
        problem = f"is {iops} for {size} GiB"
        yield "Iops", problem, f"at most {most}: {IOPS_PER_GIB[kind]} a GiB for {kind}"


def volume_throughput(request: dict) -> Iterator[Remark]:
    rate = request.get("Throughput")
    if rate is None:
        return
    kind = request.get("VolumeType", "gp3")
    if kind != "gp3":
        yield "Throughput", f"is {rate} for {kind}", "nothing; only gp3 has its own"
    elif not INCLUDED_THROUGHPUT <= rate <= MOST_THROUGHPUT:
        allowed = f"{INCLUDED_THROUGHPUT} to {MOST_THROUGHPUT} MiB/s"
        yield "Throughput", f"is {rate}", allowed
    elif rate > THROUGHPUT_PER_IOPS * request.get("Iops", MOST_IOPS["gp3"]):
        most = int(THROUGHPUT_PER_IOPS * request["Iops"])
        problem = f"is {rate} with {request['Iops']} IOPS"
        yield "Throughput", problem, f"at most {most}: 0.25 MiB/s for each of the IOPS"


def file_system(request: dict) -> Iterator[Remark]:
    mode = request.get("ThroughputMode", "elastic")
    given = "ProvisionedThroughputInMibps" in request
    if mode == "provisioned" and not given:
        allowed = "MiB/s, since ThroughputMode is provisioned"
        yield "ProvisionedThroughputInMibps", "is missing", allowed
    if given and mode != "provisioned":
        problem = f"is set with ThroughputMode {mode}"
        yield "ProvisionedThroughputInMibps", problem, "only with provisioned"


def max_io(request: dict) -> Iterator[Remark]:
    if request.get("PerformanceMode") != "maxIO":
        return
    if request.get("ThroughputMode") == "elastic":
        yield "PerformanceMode", "is 'maxIO' with ThroughputMode elastic", "generalPurpose"
    if "AvailabilityZoneName" in request:
        yield "PerformanceMode", "is 'maxIO' for One Zone", "generalPurpose"


def scaling_limits(request: dict) -> Iterator[Remark]:
    limits = request.get("AutoScalingPolicy", {}).get("Constraints", {})
    low, high = limits.get("MinCapacity", 0), limits.get("MaxCapacity", 10**9)
    path = "AutoScalingPolicy.Constraints"
    if low < 0:
        yield f"{path}.MinCapacity", f"is {low}", "0 or more"
    if low > high:
        yield f"{path}.MinCapacity", f"is {low}", f"at most MaxCapacity ({high})"


def managed_limits(request: dict) -> Iterator[Remark]:
    limits = request.get("ManagedScalingPolicy", {}).get("ComputeLimits", {})
    low, high = limits.get("MinimumCapacityUnits"), limits.get("MaximumCapacityUnits")
    if low is not None and high is not None and low > high:
        path = "ManagedScalingPolicy.ComputeLimits.MinimumCapacityUnits"
        yield path, f"is {low}", f"at most MaximumCapacityUnits ({high})"


_EBS = "EBS guide 2026, general-purpose and provisioned-iops"
_EFS = "EFS guide 2026, performance"
_VOLUME = (Rule(volume_iops, _EBS), Rule(volume_throughput, _EBS))

RULES: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("ec2", "CreateVolume"): _VOLUME,
    ("ec2", "ModifyVolume"): _VOLUME,
    ("efs", "CreateFileSystem"): (Rule(file_system, _EFS), Rule(max_io, _EFS)),
    ("emr", "PutAutoScalingPolicy"): (
        Rule(scaling_limits, "EMR guide 2026, emr-automatic-scaling"),
    ),
    ("emr", "PutManagedScalingPolicy"): (
        Rule(managed_limits, "EMR guide 2026, emr-managed-scaling"),
    ),
}

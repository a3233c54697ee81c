import random
from datetime import datetime

import pytest

from labs_lib.platform import partitions

DAYS = {
    "projection.enabled": "true",
    "projection.day.type": "date",
    "projection.day.format": "yyyy/MM/dd",
    "projection.day.range": "2025/02/27,2025/03/02",
    "storage.location.template": "s3://b/t/${day}/",
}


def template(*columns):
    return "s3://b/t/" + "".join(f"${{{column}}}/" for column in columns)


def test_repair_adds_and_never_removes():
    rng = random.Random(0)
    for _ in range(100):
        days = [f"day=2025-03-{rng.randint(1, 31):02}" for _ in range(8)]
        listed, new = days[:4], days[4:]
        found = partitions.repair(listed, [f"{day}/0.parquet" for day in new])
        assert found == sorted({*listed, *new})
        assert partitions.repair(found, []) == found


@pytest.mark.parametrize(
    "key", ["2025/03/14/0.parquet", "Day=1/a", "day=10:30/a", "day=/a", "a", "day=1/x/a"]
)
def test_repair_passes_over_what_is_no_partition(key):
    assert partitions.repair([], [key]) == []


def test_repair_takes_folders_in_folders():
    found = partitions.repair([], ["year=2025/month=03/0.parquet"])
    assert found == ["year=2025/month=03"]


def test_both_ends_of_a_range_of_days_belong_to_it():
    found = partitions.projected(DAYS)
    days = ["2025/02/27", "2025/02/28", "2025/03/01", "2025/03/02"]
    assert found == [f"s3://b/t/{day}/" for day in days]


def test_a_value_outside_of_its_range_gives_nothing_and_no_error():
    assert partitions.projected(DAYS, {"day": "2025/03/03"}) == []
    assert partitions.projected(DAYS, {"day": "2025/03/02"}) == ["s3://b/t/2025/03/02/"]


def test_now_is_the_moment_that_is_given():
    days = DAYS | {"projection.day.range": "NOW-2DAYS,NOW"}
    found = partitions.projected(days, now=datetime(2025, 3, 1, 23, 59))
    assert found == [f"s3://b/t/{d}/" for d in ("2025/02/27", "2025/02/28", "2025/03/01")]
    with pytest.raises(ValueError, match="Say what that is, in `now`"):
        partitions.projected(days)


def test_hours_and_intervals():
    hours = DAYS | {
        "projection.day.format": "yyyy-MM-dd-HH",
        "projection.day.range": "2025-03-01-22,2025-03-02-03",
        "projection.day.interval.unit": "HOURS",
        "projection.day.interval": "3",
    }
    found = partitions.projected(hours)
    assert found == ["s3://b/t/2025-03-01-22/", "s3://b/t/2025-03-02-01/"]


def test_the_other_types_and_their_product():
    properties = {
        "projection.enabled": "true",
        "projection.team.type": "enum",
        "projection.team.values": "a,b",
        "projection.part.type": "integer",
        "projection.part.range": "8,12",
        "projection.part.interval": "2",
        "projection.part.digits": "3",
        "projection.card.type": "injected",
        "storage.location.template": template("team", "part", "card"),
    }
    found = partitions.projected(properties, {"card": "c7"})
    parts = ("008", "010", "012")
    assert found == [f"s3://b/t/{team}/{part}/c7/" for team in "ab" for part in parts]
    with pytest.raises(ValueError, match="card is injected"):
        partitions.projected(properties)
    one = partitions.projected(properties, {"team": "b", "part": "010", "card": "c7"})
    assert one == ["s3://b/t/b/010/c7/"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"projection.enabled": "false"}, "projection.enabled is not 'true'"),
        ({"storage.location.template": "s3://b/t/${day}"}, "with / at the end"),
        ({"storage.location.template": template("day", "day")}, "each column once"),
        ({"storage.location.template": template("day", "team")}, "missing projection conf"),
        ({"projection.day.type": "week"}, "expected enum, integer, date or injected"),
        ({"projection.day.range": "2025/02/27"}, "expected two ends"),
        ({"projection.day.range": "2025-02-27,2025-03-02"}, "not in its format"),
        ({"projection.day.range": "2025/03/02,2025/02/27"}, "ends before it begins"),
        (
            {"projection.day.type": "integer", "projection.day.range": "5,1"},
            "ends before it begins",
        ),
        ({"projection.day.interval": "0"}, "whole number from 1 on"),
        ({"projection.day.interval.unit": "WEEKS"}, "expected DAYS or HOURS"),
        ({"projection.day.format": "yyyy/MMM/dd"}, "may hold yyyy, MM, dd and HH"),
        ({"projection.day.type": "integer"}, "expected two whole numbers"),
        (
            {"projection.day.type": "integer", "projection.day.range": "1,999999999999"},
            "More than 1,000,000",
        ),
    ],
)
def test_wrong_properties_are_told(change, told):
    with pytest.raises(ValueError, match=told):
        partitions.projected(DAYS | change)


def test_a_column_that_is_not_in_the_template_is_told():
    with pytest.raises(ValueError, match="team is no column of the template"):
        partitions.projected(DAYS, {"team": "a"})

"""The leaderboard of ElastiCache's guide, on the sorted sets that the lab uses."""

import fakeredis


def board(**scores):
    redis = fakeredis.FakeStrictRedis(decode_responses=True)
    redis.zadd("board", scores)
    return redis


def test_the_guide_s_leaderboard():
    redis = board(Robert=132, Sandra=231, June=32, Adam=381)
    redis.zadd("board", {"June": 232})
    assert redis.zrevrange("board", 0, -1) == ["Adam", "June", "Sandra", "Robert"]
    assert redis.zrevrank("board", "June") == 1


def test_equal_scores_stand_by_the_bytes_of_their_members():
    assert board(a=1, c=1, b=1).zrevrange("board", 0, -1) == ["c", "b", "a"]

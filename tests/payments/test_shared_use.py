import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib import payments
from labs_lib.payments.shared_use import AT_A_PUBLIC_DEVICE, RING_SIZES, SHAPES, plant_rings


@pytest.fixture(scope="module")
def paid():
    return payments.quiet_world(0, n=40_000).transactions


def members(use):
    return use.accounts[use.accounts["ring"] >= 0]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rings=st.integers(0, 20),
    shape=st.sampled_from(SHAPES),
    ring_sizes=st.sampled_from([RING_SIZES, (2, 2), (3, 4)]),
    second_hand=st.floats(0, 1),
    public_devices=st.integers(0, 5),
)
def test_laws(paid, seed, rings, shape, ring_sizes, second_hand, public_devices):
    use = plant_rings(
        paid,
        seed=seed,
        rings=rings,
        shape=shape,
        sizes=ring_sizes,
        second_hand=second_hand,
        public_devices=public_devices,
    )
    accounts, uses = use.accounts, use.uses
    assert accounts["account"].tolist() == sorted(paid["customer"].unique())
    assert not uses.duplicated(["account", "thing"]).any()
    assert set(uses["account"]) == set(accounts["account"])
    assert (uses["kind"] == uses["thing"].str.split("-").str[0]).all()
    sizes = members(use).groupby("ring").size()
    assert len(sizes) == rings
    assert sizes.between(*ring_sizes).all()
    # Members of a ring come from different homes.
    assert not members(use).duplicated(["ring", "address"]).any()
    public = uses[uses["thing"].str.contains("public")].groupby("thing").size()
    assert (public == AT_A_PUBLIC_DEVICE).all()
    assert len(public) == public_devices


@pytest.mark.parametrize("shape", SHAPES)
def test_a_ring_holds_together_and_shares_with_nobody_else(paid, shape):
    use = plant_rings(paid, shape=shape, second_hand=0, public_devices=0)
    shared = use.uses[use.uses["thing"].str.contains("ring")].merge(
        use.accounts, on="account"
    )
    assert (shared.groupby("thing")["ring"].nunique() == 1).all()
    per_thing = shared.groupby("thing").size()
    for ring, group in members(use).groupby("ring"):
        own = shared[shared["ring"] == ring]
        assert set(own["account"]) == set(group["account"])
        if shape == "star":
            assert (per_thing[own["thing"]] == len(group)).all()
            assert own["thing"].nunique() == 2
        else:
            assert (per_thing[own["thing"]] == 2).all()
            assert own["thing"].nunique() == len(group) - 1


def test_without_strangers_only_rings_join_homes(paid):
    use = plant_rings(paid, second_hand=0, public_devices=0)
    homes = use.uses.merge(use.accounts, on="account").groupby("thing")["address"].nunique()
    assert set(homes[homes > 1].index.str.split("-").str[1]) == {"ring"}


def test_strangers_change_neither_rings_nor_homes(paid):
    few, many = (
        plant_rings(paid, second_hand=share, public_devices=devices)
        for share, devices in ((0, 0), (0.15, 12))
    )
    pd.testing.assert_frame_equal(few.accounts, many.accounts)
    both = few.uses.merge(many.uses)
    pd.testing.assert_frame_equal(both, few.uses)
    assert len(many.uses) > len(few.uses)


def test_households_live_near_each_other(paid):
    homes = paid.groupby("customer")[["home_x_km", "home_y_km"]].first()
    accounts = plant_rings(paid).accounts
    at = homes.loc[accounts["account"]].to_numpy()
    address = accounts["address"].to_numpy()
    first = np.array([at[address == one][0] for one in range(address.max() + 1)])
    apart = np.hypot(*(at - first[address]).T)
    others = np.hypot(*(at - np.roll(at, 1, axis=0)).T)
    assert np.median(apart[apart > 0]) < np.median(others) / 5


def test_the_same_seed_gives_the_same_and_the_input_is_not_changed(paid):
    before = paid.copy()
    one, two, other = (plant_rings(paid, seed=seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(one.uses, two.uses)
    pd.testing.assert_frame_equal(one.accounts, two.accounts)
    assert not one.accounts["ring"].equals(other.accounts["ring"])
    pd.testing.assert_frame_equal(paid, before)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rings": -1}, "rings"),
        ({"rings": 10_000}, "households"),
        ({"shape": "circle"}, "star, chain"),
        ({"sizes": (1, 3)}, "sizes"),
        ({"sizes": (5, 3)}, "sizes"),
        ({"sizes": (3, 4.5)}, "sizes"),
        ({"second_hand": 1.5}, "second_hand"),
        ({"second_hand": "0.1"}, "second_hand"),
        ({"public_devices": 1.5}, "public_devices"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_is_refused(paid, wrong, message):
    with pytest.raises(ValueError, match=message):
        plant_rings(paid, **wrong)


def test_tables_that_are_refused(paid):
    with pytest.raises(ValueError, match="home_x_km"):
        plant_rings(paid.drop(columns="home_x_km"))
    with pytest.raises(ValueError, match="customers"):
        plant_rings(paid[paid["customer"] < 3])

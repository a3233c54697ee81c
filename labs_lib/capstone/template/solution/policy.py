"""Alert where an alert is expected to be cheaper; train anew every two weeks."""

MISSED, ALERT, BLOCKED = 15, 5, 10
EVERY = 14


def on_day(today):
    amount = today.payments["amount_cents"].to_numpy() / 100
    probability = today.scores
    alert = probability * (amount + MISSED) > ALERT + BLOCKED * (1 - probability)
    train = today.day % EVERY == EVERY - 1
    newest = today.versions[-1]
    coming = f"v{len(today.versions) + 1}" if train else newest
    return {"alert": alert, "train": train, "serve": coming}

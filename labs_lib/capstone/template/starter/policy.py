"""Decide, once a day, what to do."""


def on_day(today):
    """Return the actions of a day.

    threshold: alert every payment of today whose score is at least this.
    train: True orders a training job on all that is known; its version is there tomorrow.
    serve: the version that scores from tomorrow on ("v1" is the first one).
    """
    return {"threshold": 0.5, "train": False, "serve": None}

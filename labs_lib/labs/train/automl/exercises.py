"""Exercises of the lab train/automl."""

from labs_lib.course.lab import Lab

lab = Lab("train/automl")

_OUTCOMES = ("higher", "lower", "tie", "undecided")
lab.predict("contest", options=_OUTCOMES)
lab.predict("promise", options=_OUTCOMES)

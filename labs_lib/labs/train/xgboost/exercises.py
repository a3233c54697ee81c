"""Exercises of the lab train/xgboost."""

from labs_lib.course.lab import Lab

lab = Lab("train/xgboost")

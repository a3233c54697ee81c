"""The capstone: a learner's folder runs a fraud department for 90 days, and is scored in euros.

The parent draws worlds that nobody has seen, sends each day's payments and the labels that
became due, and counts what the answers cost. The learner's code runs in a process of its own
(`labs_lib.capstone.player`), inside the limits that this machine can set (`cage`).
"""

from labs_lib.capstone.folder import new_folder, read_folder
from labs_lib.capstone.game import Game, play
from labs_lib.capstone.scoring import Score, score
from labs_lib.capstone.worlds import CapstoneWorld, draw_world

__all__ = [
    "CapstoneWorld",
    "Game",
    "Score",
    "draw_world",
    "new_folder",
    "play",
    "read_folder",
    "score",
]

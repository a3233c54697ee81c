"""A small bank with every kind of question."""

CHOICE = """
[[question]]
kind = "choice"
text = "Which of four, question {number}?"
domain = {domain}
concept = "sm-xgboost"
section = "On trial"
option = [
    {{text = "first {number}", reason = "Not the first."}},
    {{text = "second {number}", reason = "The second it is.", right = true}},
    {{text = "third {number}", reason = "Not the third."}},
    {{text = "fourth {number}", reason = "Not the fourth."}},
]
"""

RESPONSE = """
[[question]]
kind = "response"
text = "Choose two."
domain = 1
concept = "sm-xgboost"
section = "On trial"
option = [
    {text = "red", reason = "Yes, red.", right = true},
    {text = "orange", reason = "No orange."},
    {text = "yellow", reason = "No yellow."},
    {text = "green", reason = "Yes, green.", right = true},
    {text = "blue", reason = "No blue."},
]
"""

ORDERING = """
[[question]]
kind = "ordering"
text = "In which order?"
domain = 3
concept = "sm-xgboost"
section = "On trial"
step = [
    {text = "get up", reason = "Before anything."},
    {text = "wash", reason = "Then one is awake."},
    {text = "eat", reason = "With clean hands."},
]
"""

MATCHING = """
[[question]]
kind = "matching"
text = "What lives where?"
domain = 4
concept = "sm-xgboost"
section = "On trial"
pair = [
    {text = "trout", match = "water", reason = "It has gills."},
    {text = "lark", match = "air", reason = "It flies."},
    {text = "pike", match = "water", reason = "It has gills too."},
    {text = "worm", match = "earth", reason = "It digs."},
]
"""

BANK = (
    RESPONSE
    + ORDERING
    + MATCHING
    + "".join(
        CHOICE.format(number=n, domain=d) for n, d in [(1, 1), (2, 2), (3, 3), (4, 4)]
    )
)
"""Seven questions; an exam of four has one of each domain."""

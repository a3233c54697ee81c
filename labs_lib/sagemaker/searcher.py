"""Searches lines for the metrics of a job, in a process of its own.

Started as a file, with nothing but the standard library: ``searcher.py DEFINITIONS``, pairs of
name and pattern as JSON. Each line of its input is a text as JSON; for each definition it
answers with a line: the texts that the pattern's group has found.

A pattern may take for ever (``(a+)+b``), and holds the interpreter meanwhile. After `LIMIT`
seconds for a line this process ends, whatever it is doing.
"""

import faulthandler
import json
import os
import re
import sys

LIMIT = 1.0


def main(argv: list[str]) -> int:
    """Search until the input ends."""
    definitions = [(name, re.compile(pattern)) for name, pattern in json.loads(argv[0])]
    with open(os.devnull, "w") as nowhere:
        for line in sys.stdin.buffer:
            text = json.loads(line)
            # A thread of C counts the time: it needs no interpreter to end the process.
            faulthandler.dump_traceback_later(LIMIT, exit=True, file=nowhere)
            for _, regex in definitions:
                matches = regex.finditer(text) if regex.groups else ()
                found = [match[1] for match in matches if match[1] is not None]
                sys.stdout.write(json.dumps(found) + "\n")
                sys.stdout.flush()
            faulthandler.cancel_dump_traceback_later()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

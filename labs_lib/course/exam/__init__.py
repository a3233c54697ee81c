"""A practice exam in the shape of MLA-C01 or DEA-C01, from the course's own questions.

In a notebook ``exam.sit()`` shows it; in a terminal the command is ``labs exam``.
"""

from labs_lib.course.exam.page import sit

__all__ = ["sit"]

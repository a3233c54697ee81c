"""The exams that the course prepares for: their domains, in short, by the exam guides of AWS.

A part of the course names its exam in ``course.toml``; the questions of its labs have the
domains of that one. Both exams have 65 questions, of which 50 are scored, and 720 of 1,000
points to pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Domain:
    """A domain of an exam.

    Attributes
    ----------
    title : str
    percent : int
        Of the scored questions.
    """

    title: str
    percent: int


@dataclass(frozen=True)
class Guide:
    """What an exam asks for.

    Attributes
    ----------
    code : str
        Such as ``MLA-C01``.
    title : str
        Of the certificate.
    domains : mapping of int to Domain
    """

    code: str
    title: str
    domains: Mapping[int, Domain]


GUIDES = {
    guide.code: guide
    for guide in (
        Guide(
            "MLA-C01",
            "AWS Certified Machine Learning Engineer",
            {
                1: Domain("Data preparation", 28),
                2: Domain("Model development", 26),
                3: Domain("Deployment and orchestration", 22),
                4: Domain("Monitoring, maintenance and security", 24),
            },
        ),
        Guide(
            "DEA-C01",
            "AWS Certified Data Engineer",
            {
                1: Domain("Data ingestion and transformation", 34),
                2: Domain("Data store management", 26),
                3: Domain("Data operations and support", 22),
                4: Domain("Data security and governance", 18),
            },
        ),
    )
}
"""By code."""

FIRST = "MLA-C01"
"""The exam of a part that names none."""


def find(code: str) -> Guide:
    """Return the guide of an exam.

    Raises
    ------
    ValueError
        If the course does not prepare for it.
    """
    try:
        return GUIDES[code]
    except KeyError:
        known = ", ".join(GUIDES)
        raise ValueError(f"There is no exam {code!r} here; give one of {known}.") from None


def check(domain: object, code: str = FIRST) -> None:
    """Refuse what is no number of a domain of this exam.

    Raises
    ------
    ValueError
    """
    known = find(code).domains
    if type(domain) is not int or domain not in known:
        raise ValueError(
            f"its domain is {domain!r}, expected {min(known)} to {max(known)}."
        )


def checked(also: object) -> dict[str, int]:
    """Return a question's domains in other exams than that of its part, by code.

    Raises
    ------
    ValueError
        If they are no table, or an exam or a domain does not exist.
    """
    if also is None:
        return {}
    if not isinstance(also, Mapping):
        raise ValueError(
            f'its also is {also!r}, expected a table such as {{"DEA-C01" = 4}}.'
        )
    for code, domain in also.items():
        check(domain, code)
    return dict(also)

"""How an engine refuses what AWS would refuse."""


class Refusal(ValueError):
    """A request that AWS would answer with an error.

    Parameters
    ----------
    code : str
        AWS's code, for instance ``"ProvisionedThroughputExceededException"``.
    message : str
        What was wrong, what was expected, what to do.

    Attributes
    ----------
    code, message : str
    """

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message

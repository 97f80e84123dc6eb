"""The one exception of this package: what cannot be imported, and what to do about it."""


class Refusal(Exception):
    """`what` is wrong and where; `advice` is what the user can do."""

    def __init__(self, what, advice):
        super().__init__(what)
        self.what, self.advice = what, advice

    def __str__(self):
        return f"{self.what}\n  {self.advice}"

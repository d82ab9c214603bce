"""Week by week from the former system to this one.

`proving` shows that nobody sees more or less than before, `cohorts` says who comes in which week,
and `weeks` switches the colleague features on.
"""

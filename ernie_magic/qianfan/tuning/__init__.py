"""`ernie.tuning`: `group` has the calls; `hyperparameters` and `plan` are what would be created,
`creation` creates it once; `tasks` is what the platform tells, `publication` what comes of them.
"""

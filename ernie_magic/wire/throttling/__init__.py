"""How much a service takes: what it tells (`durations`, `allowed_span`, `batch_limits`), and what
it refuses (`congestion`). `throttle` observes it.
"""

"""`ernie.services`: `group` has the calls; `endpoint_choice` is which service a session uses."""

"""`ernie.knowledge`: `group` has the calls; `calls` is what is sent, `records` what is told."""

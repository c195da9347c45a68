"""`ernie.datasets`: `group` has the calls; `calls` is what is sent, `records` what is told. The
data itself is read and written by `ernie_magic.calls.datasets`.
"""

"""`ernie.apps`: applications that were built on Qianfan. `group` has the calls; `run` is one
question with its tools and files.
"""

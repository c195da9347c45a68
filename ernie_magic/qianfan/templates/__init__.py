"""`ernie.templates`: `group` has the calls; `prompt_template` has the rules of a template; `files`
stores them here, and `service` on Qianfan. `frameworks`, `optimization` and `evaluation` are what
is done with them.
"""

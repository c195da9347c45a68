"""What a refusal is: `parsing` finds it in a body, by the `words` that services use, and `meanings`
tells what it means where `wire.error_codes`, Baidu's table, has no row for it.
"""

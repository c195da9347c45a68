"""What a cell says: parse, interpolate, call the session, pass the result to display. No business
rules.
"""

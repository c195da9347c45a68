"""What a cell says: parse, interpolate, call the session, hand to display. No business rules
here.
"""

"""Pictures on their way: what is sent (`requests`, `edit_forms`), and where a reply holds them
(`fields`).
"""

"""The publish desk: drafts are read one at a time or in a table, corrected, approved or dropped,
and published.
"""

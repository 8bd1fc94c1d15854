"""The publish desk: drafts are read, corrected, approved or dropped, and published.

One action on any number of pages is one undo.
"""

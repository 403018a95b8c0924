"""The story as one document on screen: its text, where its lines stand, what keys do in it, how it is painted.

Nothing here knows a session: what a story is made of and how it is kept is ``session.story``.
"""

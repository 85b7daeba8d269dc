"""The full-screen console: draws what the lake's services give, and passes on what is typed.

In: an open lake and keys. Out: screens. No logic of its own: what a screen does, a command does too.
Widgets announce, workers call, handlers draw; nothing long runs on the event loop.
"""

"""Jobs: source -> transform -> table.

A job's script is what runs. `mapping` reads and edits its marked region, `script` proposes and
loads it, `run` carries it out and records it.
"""

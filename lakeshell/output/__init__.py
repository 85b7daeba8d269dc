"""Results as text and files. In: columns and Arrow batches, or a listing's rows. Out: bytes.

Everything that reaches a terminal goes through `text`, which shows control characters escaped.
"""

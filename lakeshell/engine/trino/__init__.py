"""The Trino engine: the statement as it is to the server, its pages as Arrow, its errors as ours."""

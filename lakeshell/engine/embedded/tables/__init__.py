"""What stands behind a table's name: the lake's, a connection's, and those that the engine makes."""

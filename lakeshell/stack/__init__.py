"""The stack: MySQL, MinIO, Hive Metastore and Trino in Docker, as one lake's own services.

In: an installation (`installation.py`: the lake's `.lakeshell/stack/`) and settings. Out: running
services, what they are like, and backups. Docker is driven through its command line.
"""

"""The console in a browser on this machine: `lakeshell web`, of the extra `lakeshell[web]`."""

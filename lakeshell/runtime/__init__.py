"""The runtimes: which adapters stand behind the ports. `lake.Lake` takes the one that is set."""

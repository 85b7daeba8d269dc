"""The ledger's adapters: queries and runs, as they happened."""

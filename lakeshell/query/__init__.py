"""From a statement's text to its record: membership, limits, budget, engine, result, ledger."""

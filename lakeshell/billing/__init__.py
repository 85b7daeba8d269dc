"""What a lake costs: read from its ledger, priced, for the command and the screen to draw."""

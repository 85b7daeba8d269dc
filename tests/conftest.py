"""What the tests of every layer share: this folder, with `fakes`, is on the path."""

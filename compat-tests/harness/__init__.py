"""What `run` needs before any test starts: client environments and a server. Standard library only."""

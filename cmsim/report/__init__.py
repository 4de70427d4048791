"""What a record looks like to people."""

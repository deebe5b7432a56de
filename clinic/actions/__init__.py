"""What can be done: the only writers. Each action is one transaction and leaves an audit entry."""

"""Reading files whose author is not trusted: everything here runs in a child process under limits."""

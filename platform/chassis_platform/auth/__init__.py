"""Who is asking: credentials, sessions, clients."""

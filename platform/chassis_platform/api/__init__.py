"""HTTP in, bytes out; the only room that knows Starlette."""

"""Whether somebody is who they say: questions asked without showing what is known, and the record of how it ended."""

"""Other systems at the door: connected apps, identity providers, provisioning."""

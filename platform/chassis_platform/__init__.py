"""WHO ASKS: requests and events."""

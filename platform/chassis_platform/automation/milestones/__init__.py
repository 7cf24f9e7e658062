"""Clocks of records: started, paused and stopped by saves, looked at by the worker when they fall due."""

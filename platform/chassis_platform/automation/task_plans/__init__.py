"""Task plans that run for records: started, moved on by their tasks, cancelled."""

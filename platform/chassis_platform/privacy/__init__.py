"""The person behind the record: what is known about somebody, handed over, erased, kept no longer than allowed."""

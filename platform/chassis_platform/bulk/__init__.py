"""Jobs over very many records: ingest, import, query. Their rows, their content, their processing."""

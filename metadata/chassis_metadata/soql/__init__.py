"""SOQL: the query language of Salesforce, read into a tree and written back."""

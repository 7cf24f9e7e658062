"""Provisioning by SCIM 2.0 (RFC 7643, 7644): a directory keeps the tenant's users and groups."""

"""The life of tenants' keys: new versions, values sealed anew, keys wrapped anew, keys destroyed."""

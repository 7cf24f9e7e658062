export function PermissionSetsPage() { return null }

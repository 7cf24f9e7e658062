export function PermissionSetPage() { return null }

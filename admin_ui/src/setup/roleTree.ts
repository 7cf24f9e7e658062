// Roles as a tree: who stands above whom.
import type { Role } from '../api/types'

export interface RoleNode {
  key: string
  value: string
  title: string
  name: string
  children: RoleNode[]
}

/** A role whose superior is not there, or that stands above itself, is shown at the top rather than lost. */
export function roleTree(roles: Role[]): RoleNode[] {
  const byId = new Map(roles.map((role) => [role.id, role]))
  const nodes = new Map<string, RoleNode>(
    roles.map((role) => [role.id, { key: role.id, value: role.id, title: role.label, name: role.name, children: [] }]),
  )
  const tops: RoleNode[] = []
  for (const role of roles) {
    const node = nodes.get(role.id)
    const parent = role.parent_id === null || standsAbove(role) ? undefined : nodes.get(role.parent_id)
    if (node) (parent?.children ?? tops).push(node)
  }
  return tops

  function standsAbove(role: Role): boolean {
    const seen = new Set<string>()
    for (let above = role.parent_id; above !== null; above = byId.get(above)?.parent_id ?? null) {
      if (above === role.id) return true
      if (seen.has(above)) return false
      seen.add(above)
    }
    return false
  }
}

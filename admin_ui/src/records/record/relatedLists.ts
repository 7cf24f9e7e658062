// Which related lists a record shows: those of its layout; without a layout, all that point at it.
import type { Child, Layout, ObjectDescribe } from '../../api/types'

export type RelatedListHead = Child

export function relatedListsOf(describe: ObjectDescribe, layout: Layout | null): RelatedListHead[] {
  const placed = layout?.related_lists ?? []
  if (placed.length > 0) {
    // A relationship that a tenant adds is on no layout yet, and must still be reachable.
    const names = new Set(placed.map((list) => list.relationship))
    const added = describe.children.filter((child) => child.object.endsWith('__c') && !names.has(child.relationship))
    return [
      ...placed.map(({ relationship, object, field, label }) => ({ relationship, object, field, label })),
      ...added,
    ]
  }
  return describe.children
}

// The rights of a permission set, and how they hang together.
import type { FieldRight, Muting, ObjectRight, PermissionSet, PermissionSetDraft } from '../api/types'

export const OBJECT_RIGHTS: ObjectRight[] = ['create', 'read', 'update', 'delete', 'view_all', 'modify_all']

export const SYSTEM_PERMISSIONS = [
  'ApiEnabled',
  'ExportData',
  'ViewSetup',
  'ManageUsers',
  'ManagePermissions',
  'ManageMetadata',
  'ManagePackages',
  'ManageInbound',
  'ManageSecurity',
  'ManageSharing',
  'ManageKeys',
  'ManageConnections',
  'ManageAudit',
  'ExportJournal',
  'BulkApiHardDelete',
  'ImportData',
  'ManagePrivacy',
  'LoginAs',
  'ApproveAdministration',
  'ViewAudit',
  'ViewAllData',
  'ModifyAllData',
] as const

/** What a right cannot do without: nobody updates what they cannot read. */
const NEEDS: Record<ObjectRight, ObjectRight[]> = {
  read: [],
  create: ['read'],
  update: ['read'],
  delete: ['read', 'update'],
  view_all: ['read'],
  modify_all: ['read', 'update', 'delete', 'view_all'],
}

/** Gives a right with all that it needs, or takes it with all that need it. */
export function toggleRight(rights: ObjectRight[], right: ObjectRight, isOn: boolean): ObjectRight[] {
  const next = new Set(rights)
  if (isOn) for (const each of [right, ...NEEDS[right]]) next.add(each)
  else for (const each of OBJECT_RIGHTS) if (each === right || NEEDS[each].includes(right)) next.delete(each)
  return OBJECT_RIGHTS.filter((each) => next.has(each))
}

export function setObjectRights(draft: PermissionSetDraft, object: string, rights: ObjectRight[]): PermissionSetDraft {
  const { [object]: _, ...others } = draft.objects
  return { ...draft, objects: rights.length === 0 ? others : { ...others, [object]: rights } }
}

/** A right of a field or, named *, of all fields not named otherwise; null leaves it to the star. */
export function setFieldRight(
  draft: PermissionSetDraft,
  object: string,
  field: string,
  right: FieldRight | null,
): PermissionSetDraft {
  const key = `${object}.${field}`
  const { [key]: _, ...others } = draft.fields
  return { ...draft, fields: right === null ? others : { ...others, [key]: right } }
}

export function toDraft(set: PermissionSet): PermissionSetDraft {
  const { label, description, objects, fields, system, apps, custom_permissions, for_automation, login } = set
  const { includes, muting } = set
  return { label, description, objects, fields, system, apps, custom_permissions, for_automation, login, includes, muting }
}

/** Whether two drafts say the same: the server keeps no order of names. */
export function isSame(one: PermissionSetDraft, other: PermissionSetDraft): boolean {
  return inOrder(one) === inOrder(other)
}

function inOrder(draft: PermissionSetDraft): string {
  return JSON.stringify(draft, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  )
}

/** Muting without what says nothing, for a definition names no empty part. */
export function tidyMuting(muting: Muting): Muting | undefined {
  const { objects = {}, fields = {}, permissions = [] } = muting
  const taken = Object.entries(objects).filter(([, rights]) => rights.length > 0)
  const tidy: Muting = {
    ...(taken.length > 0 && { objects: Object.fromEntries(taken) }),
    ...(Object.keys(fields).length > 0 && { fields }),
    ...(permissions.length > 0 && { permissions }),
  }
  return Object.keys(tidy).length > 0 ? tidy : undefined
}

/** What sets grant together on objects: what a group of them can take away. */
export function grantedRights(sets: readonly PermissionSet[]): Record<string, ObjectRight[]> {
  const granted: Record<string, ObjectRight[]> = {}
  for (const set of sets)
    for (const [object, rights] of Object.entries(set.objects))
      granted[object] = OBJECT_RIGHTS.filter((right) => rights.includes(right) || granted[object]?.includes(right))
  return granted
}

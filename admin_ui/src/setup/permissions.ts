// The rights of a permission set, and how they hang together.
import type { FieldRight, ObjectRight, PermissionSet, PermissionSetDraft } from '../api/types'

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
  return { label, description, objects, fields, system, apps, custom_permissions, for_automation, login }
}

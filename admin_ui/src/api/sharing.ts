// The routes of sharing: org-wide defaults, groups, shares by hand, and why somebody sees a record.
import { call } from './client'
import type { LogicSummary } from './logic'

const enc = encodeURIComponent

export type ShareAccess = 'Read' | 'Edit'

export interface RecordShare {
  id: string
  with: string
  name: string | null
  kind: 'User' | 'Group'
  access: ShareAccess
  cause: 'Manual' | 'Team'
  team_role: string | null
  reason: string | null
  until: string | null
  expired: boolean
}

export interface ShareDraft {
  with: string
  access: ShareAccess
  cause: RecordShare['cause']
  team_role: string | null
  reason: string | null
  until: string | null
}

export interface Grant {
  kind: string
  name: string | null
  access: 'read' | 'edit'
}

export interface Explanation {
  access: 'none' | 'read' | 'edit'
  grants: Grant[]
  refusal: { kind: string; name: string | null } | null
}

export interface ExplainedAccess extends Explanation {
  user: string
  record: string
  object: string
}

export interface SeeingUser extends Explanation {
  id: string
  name: string
  username: string
}

export const recordShares = (id: string) =>
  call<{ may_share: boolean; shares: RecordShare[] }>('GET', `/ui/records/${enc(id)}/shares`)
export const addShare = (id: string, draft: ShareDraft) =>
  call<{ id: string }>('POST', `/ui/records/${enc(id)}/shares`, { body: draft })
export const removeShare = (id: string, share: string) =>
  call<void>('DELETE', `/ui/records/${enc(id)}/shares/${enc(share)}`)
export const explainAccess = (record: string, user: string | null) =>
  call<ExplainedAccess>('GET', '/setup/explain-access', { query: { record, user } })
export const whoSees = (record: string, after: string | null) =>
  call<{ users: SeeingUser[]; next: string | null }>('GET', '/setup/explain-access/users', { query: { record, after } })

export type DefaultAccess = 'private' | 'public_read' | 'public_read_write' | 'controlled_by_parent'

export interface SharingDefault {
  name: string
  label: string
  package: string | null
  internal: DefaultAccess
  external: DefaultAccess
  /** What the package says, where the tenant says nothing. */
  declared: { internal: DefaultAccess; external: DefaultAccess }
  own: boolean
  by_parent: boolean
}

/** One object's default with whom a change concerns. */
export interface SharingEffect extends SharingDefault {
  readers: { internal: number; external: number }
  sharing_rules: number
  restriction_rules: number
}

export type DefaultDraft = Record<'internal' | 'external', DefaultAccess>

const defaultOf = (object: string) => `/setup/sharing-defaults/${enc(object)}`

export const sharingDefaults = () => call<{ objects: SharingDefault[] }>('GET', '/setup/sharing-defaults')
export const sharingEffect = (object: string) => call<SharingEffect>('GET', defaultOf(object))
export const saveSharingDefault = (object: string, draft: DefaultDraft) =>
  call<void>('PUT', defaultOf(object), { body: draft })
export const deleteSharingDefault = (object: string) => call<void>('DELETE', defaultOf(object))

/** Whom a rule is for: whoever one of these describes. */
export interface Audience {
  everyone?: boolean
  permissions?: string[]
  permission_sets?: string[]
  roles?: string[]
  roles_and_below?: string[]
  groups?: string[]
  user_types?: string[]
}

export interface RecordCondition {
  owner?: boolean
  owned_by?: Audience
  user_field?: string
  field?: string
  in?: string
  criteria?: string
}

export interface RecordRule extends LogicSummary {
  body: { share_with?: Audience; applies_to?: Audience; records: RecordCondition; access?: 'read' | 'edit' }
}

export type RuleKind = 'sharing_rule' | 'restriction_rule'

export const recordRules = (kind: RuleKind) =>
  call<{ components: RecordRule[] }>('GET', `/setup/logic/${kind}`, { query: { bodies: 'true' } })

export interface GroupSummary {
  id: string
  name: string
  label: string
  type: 'Regular' | 'Queue'
  members: number
}

export type MemberKind = 'User' | 'Role' | 'Group'

export interface GroupMember {
  id: string
  member: string
  kind: MemberKind
  name: string
  label: string
  with_below: boolean
}

export interface GroupDetail extends Omit<GroupSummary, 'members'> {
  members: GroupMember[]
  /** Active users that the members come to. */
  users: number
  rules: { kind: RuleKind; name: string }[]
}

const group = (id: string) => `/setup/groups/${enc(id)}`

export const groups = () => call<{ groups: GroupSummary[] }>('GET', '/setup/groups')
export const groupDetail = (id: string) => call<GroupDetail>('GET', group(id))
export const createGroup = (draft: { name: string; label: string }) =>
  call<{ id: string }>('POST', '/setup/groups', { body: draft })
export const renameGroup = (id: string, label: string) => call<void>('PATCH', group(id), { body: { label } })
export const deleteGroup = (id: string) => call<void>('DELETE', group(id))
export const addMember = (id: string, member: string, withBelow: boolean) =>
  call<{ id: string }>('POST', `${group(id)}/members`, { body: { member, with_below: withBelow } })
export const removeMember = (id: string, membership: string) =>
  call<void>('DELETE', `${group(id)}/members/${enc(membership)}`)

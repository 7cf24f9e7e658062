// The routes of sharing: who a record is shared with, and why somebody sees it.
import { call } from './client'

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

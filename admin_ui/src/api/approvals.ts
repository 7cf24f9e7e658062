// The routes of approvals, typed.
import { call } from './client'
import type { FieldJson, Person, Values } from './types'

const ofRecord = (id: string) => `/ui/records/${encodeURIComponent(id)}/approvals`

export type Scope = 'all' | 'mine' | 'queues' | 'delegated'
export type Verdict = 'approve' | 'reject'

/** A request that waits for the user, with what the process shows of its record. */
export interface PendingRequest {
  id: string
  process: string
  process_label: string
  step: string
  step_label: string
  object: string
  record: { id: string; name: string | null; fields: { path: string; label: string; value: FieldJson }[] }
  asked: Person
  submitted_by: Person
  submitted: string
  comments: string | null
  since: string
  due: string | null
  editable_fields: string[]
  comments_required: string[]
  may_decide: boolean
  chooses_approver: boolean
}

/** The same as it stands on the record's page. */
export interface RecordRequest {
  id: string
  step: string
  label: string
  asked: Person
  since: string
  due: string | null
  editable_fields: string[]
  may_decide: boolean
  may_reassign: boolean
  chooses_approver: boolean
}

export interface HistoryLine {
  status: string
  label: string
  by: Person | null
  asked: Person | null
  comments: string | null
  attachments: string[]
  date: string
  channel: string | null
}

export interface Approval {
  id: string
  process: string
  label: string
  status: 'Pending' | 'Approved' | 'Rejected' | 'Removed'
  submitted: string
  completed: string | null
  submitted_by: Person
  may_recall: boolean
  comments_required: string[]
  requests: RecordRequest[]
  history: HistoryLine[]
}

export interface Submittable {
  name: string
  label: string
  comments_required: boolean
  chooses_approver: boolean
}

export interface RecordApprovals {
  approvals: Approval[]
  is_locked: boolean
  may_change: boolean
  processes: Submittable[]
}

export interface DecisionDraft {
  id: string
  decision: Verdict
  comments: string | null
  attachments?: readonly string[]
  fields?: Values
  next_approver_ids?: string[]
}

export interface Result {
  entityId: string | null
  success: boolean
  errors: { message: string; statusCode: string; fields: string[] }[] | null
}

export const pendingRequests = (scope: Scope) =>
  call<{ requests: PendingRequest[] }>('GET', '/ui/approvals', { query: { scope } })
export const pendingCount = () => call<{ count: number }>('GET', '/ui/approvals/count')
export const decide = (decisions: DecisionDraft[]) =>
  call<{ results: Result[] }>('POST', '/ui/approvals/decide', { body: { decisions } })
export const reassign = (request: string, actor: string, comments: string | null) =>
  call<Result>('POST', `/ui/approvals/${encodeURIComponent(request)}/reassign`, {
    body: { actor_id: actor, comments },
  })

export const recordApprovals = (id: string) => call<RecordApprovals>('GET', ofRecord(id))
export const submitRecord = (
  id: string,
  process: string,
  comments: string | null,
  attachments: readonly string[],
  next: string[],
) => call<Result>('POST', ofRecord(id), { body: { process, comments, attachments, next_approver_ids: next } })
export const submitRecords = (ids: string[], comments: string | null) =>
  call<{ results: Result[] }>('POST', '/ui/approvals/submit', { body: { record_ids: ids, comments } })
export const recallRecord = (id: string, comments: string | null) =>
  call<Result>('POST', `${ofRecord(id)}/recall`, { body: { comments } })

/** Who decides in my place, from a day to a day. */
export interface Delegation {
  id: string
  delegate: Person
  from: string
  to: string
  process: string | null
  active: boolean
}

export const delegations = () => call<{ delegates: Delegation[] }>('GET', '/ui/approvals/delegates')
export const addDelegation = (delegate: string, from: string, to: string) =>
  call<{ id: string }>('POST', '/ui/approvals/delegates', { body: { delegate_id: delegate, from, to } })
export const endDelegation = (id: string) =>
  call<void>('DELETE', `/ui/approvals/delegates/${encodeURIComponent(id)}`)

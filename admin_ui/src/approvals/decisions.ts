// What somebody decides about, whether it stands in the list or on the record's page.
import type { DecisionDraft, PendingRequest, Result, Verdict } from '../api/approvals'
import type { Values } from '../api/types'

export interface Decidable {
  id: string
  object: string
  recordId: string
  name: string
  needsCommentTo: readonly string[]
  editableFields: readonly string[]
  choosesApprover: boolean
}

export function decidable(request: PendingRequest): Decidable {
  return {
    id: request.id,
    object: request.object,
    recordId: request.record.id,
    name: request.record.name ?? request.record.id,
    needsCommentTo: request.comments_required,
    editableFields: request.editable_fields,
    choosesApprover: request.chooses_approver,
  }
}

export const needsComment = (requests: readonly Decidable[], verdict: Verdict) =>
  requests.some((request) => request.needsCommentTo.includes(verdict))

/** The decisions as they are sent: fields and the next approver belong to a single one, not to a heap of them. */
export function drafts(
  requests: readonly Decidable[],
  verdict: Verdict,
  comments: string | null,
  attachments: readonly string[],
  fields: Values,
  next: string | null,
): DecisionDraft[] {
  return requests.map((request) => ({
    id: request.id,
    decision: verdict,
    comments,
    ...(attachments.length > 0 ? { attachments } : {}),
    ...(Object.keys(fields).length > 0 ? { fields } : {}),
    ...(next === null ? {} : { next_approver_ids: [next] }),
  }))
}

export interface Failure {
  request: Decidable
  message: string
}

/** Results come in the order in which the decisions were sent. */
export function failures(requests: readonly Decidable[], results: readonly Result[]): Failure[] {
  return refused(requests, results).map(([request, message]) => ({ request, message }))
}

function refused<T>(sent: readonly T[], results: readonly Result[]): [T, string][] {
  return sent.flatMap((each, index): [T, string][] => {
    const errors = results[index]?.errors ?? []
    return errors.length === 0 ? [] : [[each, errors.map((error) => error.message).join(' ')]]
  })
}

/** A record that is submitted with others. */
export interface Submitted {
  id: string
  name: string
}

export interface Refusal {
  record: Submitted
  message: string
}

/** Of records that were submitted together, those that were not taken, and why. */
export function refusals(records: readonly Submitted[], results: readonly Result[]): Refusal[] {
  return refused(records, results).map(([record, message]) => ({ record, message }))
}

export const isOverdue = (due: string | null, now: number) => due !== null && new Date(due).getTime() < now

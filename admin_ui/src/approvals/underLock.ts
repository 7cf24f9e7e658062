// What a user may still change in a record that its approval locks: what the server would take, nothing else.
import type { RecordApprovals } from '../api/approvals'
import type { ObjectDescribe, RecordAnswer } from '../api/types'

interface Shown {
  record: RecordAnswer
  describe: ObjectDescribe
}

export function underLock({ record, describe }: Shown, approvals: RecordApprovals | undefined): Shown {
  if (approvals === undefined || !approvals.is_locked || approvals.may_change) return { record, describe }
  const open = new Set(
    approvals.approvals
      .flatMap((approval) => approval.requests)
      .filter((request) => request.may_decide)
      .flatMap((request) => request.editable_fields),
  )
  const fields = Object.fromEntries(
    Object.entries(describe.fields).map(([name, field]) => [
      name,
      { ...field, updateable: field.updateable && open.has(name) },
    ]),
  )
  const update = record.permissions.update && Object.values(fields).some((field) => field.updateable)
  return {
    record: { ...record, permissions: { update, delete: false } },
    describe: { ...describe, fields },
  }
}

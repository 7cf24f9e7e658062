import { describe, expect, it } from 'vitest'
import type { Approval, RecordApprovals, RecordRequest } from '../api/approvals'
import type { RecordAnswer } from '../api/types'
import { testObject } from '../records/testObject'
import { attachmentsIn, recordIn } from './attachments'
import { drafts, failures, isOverdue, needsComment, type Decidable } from './decisions'
import { joinNames } from './joinNames'
import { underLock } from './underLock'

const request: RecordRequest = {
  id: '04iA',
  step: 'Sales',
  label: 'Sales',
  asked: { id: '005A', name: 'Ann' },
  since: '2026-03-02T09:00:00Z',
  due: null,
  editable_fields: ['Budget'],
  may_decide: false,
  may_reassign: false,
  chooses_approver: false,
}
const approvalWith = (requests: RecordRequest[]): Approval => ({
  id: '04gA',
  process: 'Discount',
  label: 'Discount',
  status: 'Pending',
  submitted: '2026-03-02T09:00:00Z',
  completed: null,
  submitted_by: { id: '005B', name: 'Ben' },
  may_recall: false,
  comments_required: [],
  requests,
  history: [],
})
const record: RecordAnswer = {
  object: 'Thing',
  id: 'a00A',
  version: 1,
  record_type: null,
  values: {},
  labels: {},
  permissions: { update: true, delete: true },
  is_deleted: false,
}
const shown = { record, describe: testObject() }
const state = (changes: Partial<RecordApprovals>): RecordApprovals => ({
  approvals: [approvalWith([request])],
  is_locked: true,
  may_change: false,
  processes: [],
  ...changes,
})

describe('a record in approval', () => {
  it('is as it was where nothing locks it, or for who may change it all the same', () => {
    expect(underLock(shown, undefined)).toEqual(shown)
    expect(underLock(shown, state({ is_locked: false }))).toEqual(shown)
    expect(underLock(shown, state({ may_change: true }))).toEqual(shown)
  })

  it('offers nothing to change to who is not asked', () => {
    const { record: locked, describe: fields } = underLock(shown, state({}))
    expect(locked.permissions).toEqual({ update: false, delete: false })
    expect(Object.values(fields.fields).some((field) => field.updateable)).toBe(false)
  })

  it('offers its approver the fields of the step', () => {
    const mine = state({ approvals: [approvalWith([{ ...request, may_decide: true }])] })
    const { record: locked, describe: fields } = underLock(shown, mine)
    expect(locked.permissions).toEqual({ update: true, delete: false })
    expect(Object.values(fields.fields).filter((field) => field.updateable).map((field) => field.name)).toEqual([
      'Budget',
    ])
  })
})

const one: Decidable = {
  id: '04iA',
  object: 'Thing',
  recordId: 'a00A',
  name: 'One',
  needsCommentTo: ['reject'],
  editableFields: [],
  choosesApprover: false,
}
const two: Decidable = { ...one, id: '04iB', name: 'Two', needsCommentTo: [] }

describe('decisions', () => {
  it('need a comment as soon as one of their processes wants it', () => {
    expect([needsComment([two, one], 'reject'), needsComment([two], 'reject'), needsComment([one], 'approve')]).toEqual(
      [true, false, false],
    )
  })

  it('say no more than what was filled in', () => {
    expect(drafts([one], 'approve', null, [], {}, null)).toEqual([{ id: '04iA', decision: 'approve', comments: null }])
    expect(drafts([one], 'approve', 'fine', ['https://a.example/b'], { Budget: 5 }, '005C')).toEqual([
      {
        id: '04iA',
        decision: 'approve',
        comments: 'fine',
        attachments: ['https://a.example/b'],
        fields: { Budget: 5 },
        next_approver_ids: ['005C'],
      },
    ])
  })

  it('take addresses and records along, one a line', () => {
    const id = '001000000000001AAA'
    const here = 'https://dealer.example'
    expect(attachmentsIn(` https://a.example/b\n${here}/r/${id}\n${id} `, here)).toEqual(['https://a.example/b', id, id])
    expect([recordIn(id), recordIn('https://a.example/b')]).toEqual([id, null])
  })

  it('that failed are told by the name of their record', () => {
    const fine = { entityId: 'a00A', success: true, errors: null }
    const wrong = { ...fine, success: false, errors: [{ message: 'No.', statusCode: 'X', fields: [] }] }
    expect(failures([one, two], [fine, wrong])).toEqual([{ request: two, message: 'No.' }])
  })

  it('are late after their time', () => {
    const now = Date.parse('2026-03-02T10:00:00Z')
    expect([null, '2026-03-02T09:59:00Z', '2026-03-02T10:01:00Z'].map((due) => isOverdue(due, now))).toEqual([
      false,
      true,
      false,
    ])
  })
})

it('joins names as the language does', () => {
  expect(joinNames(['Ann', 'Ben', 'Cy'], 'en_US')).toBe('Ann, Ben and Cy')
  expect(joinNames(['王芳', '李雷'], 'zh_CN')).toBe('王芳和李雷')
})

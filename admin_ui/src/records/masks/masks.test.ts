import { describe, expect, it } from 'vitest'
import type { RecordAnswer } from '../../api/types'
import { testObject } from '../testObject'
import { isMaskedAt, maskedParts, underMask } from './masks'

const record: RecordAnswer = {
  object: 'Thing',
  id: 'a00000000000001AAA',
  version: 1,
  record_type: null,
  values: { LastName: '*', Budget: '1000-2000' },
  labels: {},
  permissions: { update: true, delete: true },
  is_deleted: false,
  masked: ['LastName', 'Budget'],
}

describe('masked values', () => {
  it('are no fields to be edited, and the others stay what they are', () => {
    const shown = underMask({ record, describe: testObject() })
    expect(shown.describe.fields.Budget?.updateable).toBe(false)
    expect(shown.describe.fields.Status?.updateable).toBe(true)
  })

  it('are found behind a field that is made of parts', () => {
    const object = testObject()
    const name = object.fields.Name
    expect(name && maskedParts(record, object, name).map((part) => part.name)).toEqual(['LastName'])
  })

  it('are none in a record that says nothing of masks', () => {
    expect(isMaskedAt({}, 'LastName')).toBe(false)
  })
})

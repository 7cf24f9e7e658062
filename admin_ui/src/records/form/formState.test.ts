import { describe, expect, it } from 'vitest'
import { findRecordType } from '../picklists'
import { testObject } from '../testObject'
import {
  changedValues,
  detailSections,
  filledValues,
  findConflicts,
  formSections,
  initialValues,
  missingRequired,
  placeProblems,
} from './formState'

const thing = testObject()
const texts = { details: '详细信息', other: '其他', system: '系统' }
const fieldsOf = (sections: { fields: string[] }[]) => sections.map((section) => section.fields)

describe('a form', () => {
  it('asks for what is required though it is on no layout, and not for what is read only', () => {
    expect(fieldsOf(formSections(thing, null, 'create', texts))).toEqual([
      ['Budget'],
      ['Name', 'Channel', 'Source'],
      ['Colour__c'],
    ])
    expect(fieldsOf(formSections(thing, null, 'edit', texts))).toEqual([['Name', 'Channel', 'Source'], ['Colour__c']])
  })

  it('shows every field of an object that has no layout yet', () => {
    const sections = detailSections({ ...thing, layouts: [] }, null, texts)
    expect(sections[0]?.fields).toEqual(['Name', 'Channel', 'Source', 'Detail', 'Status', 'Colour__c', 'Budget'])
    expect(sections[1]?.fields).toEqual(['CreatedDate'])
  })

  it('starts with defaults, but with none that the record type does not offer', () => {
    expect(initialValues(thing, null, { LastName: '王' })).toEqual({ Status: 'New', LastName: '王' })
    const withSource = { ...thing, fields: { ...thing.fields, Source: { ...thing.fields.Source!, default: 'Friend' } } }
    expect(initialValues(withSource, findRecordType(thing, 'Fleet'), {}).Source).toBeNull()
  })

  it('sends only what changed, and empties what was cleared', () => {
    expect(changedValues({ A: '1', B: null, C: 'x' }, { A: '1', B: '', C: '' })).toEqual({ C: null })
    expect(filledValues({ A: 0, B: '', C: null, D: false })).toEqual({ A: 0, D: false })
  })

  it('puts errors beside their fields and the rest above, with the label of the field', () => {
    const errors = placeProblems(
      thing,
      [
        { message: '太短', errorCode: 'X', fields: ['LastName'] },
        { message: '必填', errorCode: 'X', fields: ['Budget'] },
        { message: '重复', errorCode: 'X' },
      ],
      new Set(['LastName']),
    )
    expect(errors).toEqual({ byField: { LastName: ['太短'] }, general: ['预算: 必填', '重复'] })
  })

  it('knows what is missing before the server says so', () => {
    const errors = missingRequired(thing, new Set(['Name', 'LastName', 'Status']), { Status: 'New' }, '请填写')
    expect(errors.byField).toEqual({ LastName: ['请填写'] })
  })
})

describe('two people saving', () => {
  it('collide only where both changed the same field to something else', () => {
    const base = { A: '1', B: '1', C: '1', D: '1' }
    const mine = { ...base, A: 'mine', B: 'same', D: 'mine' }
    const theirs = { ...base, A: 'theirs', B: 'same', C: 'theirs' }
    expect(findConflicts(base, mine, theirs)).toEqual([{ field: 'A', mine: 'mine', theirs: 'theirs' }])
  })
})

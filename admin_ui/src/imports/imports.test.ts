import { describe, expect, it } from 'vitest'
import type { Import } from '../api/imports'
import type { FieldDescribe, ObjectDescribe } from '../api/types'
import { blankField } from '../records/fields/blankField'
import { csvLine, delimiterOf, encodingOf, inUtf8, isWorkbook } from './csvFile'
import { draftOf, importableFields, mappingOf, missingFields, repeatedFields, suggestedDraft } from './mapping'
import { columnsAtFault, rowProblems } from './rowProblem'
import { isChecked, percentOf, phaseAtWork, stepOf, undoableUntil } from './stage'

const values = [
  { value: 'New', label: '新建', active: true, controlled_by: [] },
  { value: 'Old', label: '旧', active: false, controlled_by: [] },
]
const fields: Record<string, FieldDescribe> = {
  Id: { ...blankField('Id', 'ID', 'id'), createable: false, updateable: false },
  LastName: { ...blankField('LastName', 'Last name', 'text'), required: true },
  Status: { ...blankField('Status', 'Status', 'picklist'), values },
  AccountId: { ...blankField('AccountId', 'Account', 'lookup'), references: ['Account'], relationship_name: 'Account' },
  WhoId: { ...blankField('WhoId', 'Who', 'lookup'), references: ['Lead', 'Contact'], relationship_name: 'Who' },
  RecordTypeId: { ...blankField('RecordTypeId', 'Record type', 'lookup'), relationship_name: 'RecordType' },
  Number: { ...blankField('Number', 'Number', 'auto_number'), createable: false, updateable: false },
}
const lead = { name: 'Lead', fields } as unknown as ObjectDescribe
const none = { processed: 0, failed: 0 }
const job: Import = {
  id: '750',
  object: 'Lead',
  operation: 'insert',
  externalIdFieldName: null,
  columnDelimiter: 'COMMA',
  mapping: null,
  state: 'Open',
  records: 200,
  contentBytes: 5_000,
  limits: { records: 500_000, contentBytes: 157_286_400 },
  createdDate: '2026-11-22T08:00:00.000+0000',
  systemModstamp: '2026-11-22T08:00:00.000+0000',
  problem: null,
  check: none,
  write: none,
  undo: none,
}
const column = (name: string, suggestion: string | null = null) => ({ name, suggestion, samples: [] })

describe('a file', () => {
  it('is divided by what its heading line has most of, outside of quotes', () => {
    expect(delimiterOf('Name;City;"a,b,c,d"')).toBe('SEMICOLON')
    expect(delimiterOf('Name\tCity')).toBe('TAB')
    expect(delimiterOf('Name')).toBe('COMMA')
  })

  it('that is no UTF-8 is taken for what the language’s office programs write, and sent as UTF-8', async () => {
    const chinese = new Blob([new Uint8Array([0xc9, 0xcf, 0xba, 0xa3])])
    expect(await encodingOf(new Blob(['上海']), 'zh_CN')).toBe('utf-8')
    expect(await encodingOf(chinese, 'zh_CN')).toBe('gb18030')
    expect(await encodingOf(chinese, 'en_US')).toBe('windows-1252')
    expect(await (await inUtf8(chinese, 'gb18030')).text()).toBe('上海')
  })

  it('that is a workbook is known by its first bytes', () => {
    expect(isWorkbook(new TextEncoder().encode('PK\u0003\u0004'))).toBe(true)
    expect(isWorkbook(new TextEncoder().encode('Name,City'))).toBe(false)
  })

  it('that is handed out has all cells in quotes', () => {
    expect(csvLine([2, 'a "b"', 'c,d'], 'COMMA')).toBe('"2","a ""b""","c,d"\r\n')
  })
})

describe('a mapping', () => {
  it('takes the guesses for fields that may be filled, and the labels of picklists', () => {
    const columns = [column('Name', 'LastName'), column('No', 'Number'), column('State', 'Status'), column('Id')]
    expect(mappingOf(lead, suggestedDraft(lead, 'insert', columns))).toEqual({
      columns: { Name: 'LastName', State: { field: 'Status', values: { 新建: 'New' } } },
      constants: {},
    })
    expect(suggestedDraft(lead, 'update', columns).columns.Id?.field).toBe('Id')
  })

  it('names other records by a key, with the object where several may be meant, and comes back as it was', () => {
    const mapping = {
      columns: {
        A: 'Account.Number',
        B: 'Contact:Who.Email',
        C: 'RecordType.DeveloperName',
        D: { field: 'Status', values: { neu: 'New' }, otherwise: 'Old' },
        E: 'AccountId',
      },
      constants: { LastName: 'x', 'RecordType.DeveloperName': 'Personal' },
    }
    const draft = draftOf(lead, mapping, ['A', 'B', 'C', 'D', 'E', 'F'].map((name) => column(name)))
    expect(draft.columns.B).toMatchObject({ field: 'WhoId', by: 'Contact:Email' })
    expect(draft.columns.F?.field).toBe(null)
    expect(mappingOf(lead, draft)).toEqual(mapping)
    expect(repeatedFields(draft).sort()).toEqual(['AccountId', 'RecordTypeId'])
  })

  it('leaves out constants without a value, and says what is missing', () => {
    const draft = { columns: {}, constants: { LastName: '' } }
    expect(mappingOf(lead, draft)).toEqual({ columns: {}, constants: {} })
    expect(missingFields(lead, job, { columns: {}, constants: {} }).map((each) => each.name)).toEqual(['LastName'])
    const update: Import = { ...job, operation: 'update' }
    expect(missingFields(lead, update, draft).map((each) => each.name)).toEqual(['Id'])
    expect(importableFields(lead, 'insert').map((each) => each.name)).not.toContain('Id')
  })
})

describe('what is wrong with a row', () => {
  const error = 'REQUIRED_FIELD_MISSING:Fill: it in:LastName --INVALID_FIELD:No such account:AccountId City --'

  it('is read by problem, and found in the columns', () => {
    expect(rowProblems(error)).toEqual([
      { code: 'REQUIRED_FIELD_MISSING', message: 'Fill: it in', fields: ['LastName'] },
      { code: 'INVALID_FIELD', message: 'No such account', fields: ['AccountId', 'City'] },
    ])
    expect(rowProblems('Something else')).toEqual([{ code: null, message: 'Something else', fields: [] }])
    const mapping = { columns: { Kunde: 'Account.Number', Stadt: { field: 'City' }, Mail: 'Email' }, constants: {} }
    expect([...columnsAtFault({ mapping }, error)]).toEqual(['Kunde', 'Stadt'])
  })
})

describe('an import', () => {
  it('stands at the step that its state says', () => {
    expect(stepOf({ ...job, contentBytes: 0 })).toBe('file')
    expect(stepOf({ ...job, problem: 'The file is empty' })).toBe('file')
    expect(stepOf(job)).toBe('mapping')
    expect(stepOf({ ...job, state: 'Checking' })).toBe('check')
    expect(stepOf({ ...job, check: { processed: 200, failed: 1 } })).toBe('check')
    expect(isChecked({ ...job, check: { processed: 199, failed: 0 } })).toBe(false)
    expect(stepOf({ ...job, state: 'Undone' })).toBe('import')
    expect(phaseAtWork({ ...job, state: 'Undoing' })).toBe('undo')
  })

  it('is not whole before it has ended', () => {
    expect(percentOf({ ...job, write: { processed: 200, failed: 0 } }, 'write')).toBe(99)
    expect(percentOf({ ...job, write: { processed: 200, failed: 100 }, undo: { processed: 50, failed: 0 } }, 'undo')).toBe(50)
  })

  it('can be undone for seven days where something was written', () => {
    const over: Import = { ...job, state: 'JobComplete', write: { processed: 200, failed: 3 } }
    expect(undoableUntil(over)?.toISOString()).toBe('2026-11-29T08:00:00.000Z')
    expect(undoableUntil({ ...over, write: { processed: 3, failed: 3 } })).toBe(null)
    expect(undoableUntil({ ...over, state: 'Undone' })).toBe(null)
  })
})

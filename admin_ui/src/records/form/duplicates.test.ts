import { describe, expect, it } from 'vitest'
import { ApiError } from '../../api/client'
import type { DuplicateResult } from '../../api/types'
import { candidatesOf, duplicatesIn, maySaveAnyway } from './duplicates'

const match = (id: string, confidence: number) => ({
  matchConfidence: confidence,
  record: { attributes: { type: 'Thing' }, Id: id, Name: id },
})
const result = (allowSave: boolean, ...matchRecords: ReturnType<typeof match>[]): DuplicateResult => ({
  allowSave,
  duplicateRule: 'Same',
  duplicateRuleEntityType: 'Thing',
  errorMessage: 'There already.',
  hasHiddenMatches: false,
  matchResults: [{ entityType: 'Thing', matchRecords }],
})
const problem = (duplicateResult?: DuplicateResult) => ({ message: 'm', errorCode: 'DUPLICATES', duplicateResult })

describe('a save that was refused', () => {
  it('is a question of duplicates if nothing else is wrong', () => {
    const found = result(true, match('a', 100))
    expect(duplicatesIn(new ApiError(400, [problem(found)]))).toEqual([found])
    expect(duplicatesIn(new ApiError(400, [problem(found), problem()]))).toBeNull()
    expect(duplicatesIn(new Error('x'))).toBeNull()
  })

  it('may be repeated only if every rule lets it', () => {
    expect([maySaveAnyway([result(true)]), maySaveAnyway([result(true), result(false)])]).toEqual([true, false])
  })

  it('names each record once, the surest first', () => {
    const found = candidatesOf([result(true, match('a', 80), match('b', 95)), result(true, match('a', 100))])
    expect(found.map((each) => [each.id, each.confidence])).toEqual([
      ['a', 100],
      ['b', 95],
    ])
  })
})

import { describe, expect, it } from 'vitest'
import type { FieldType, Filter } from '../api/types'
import {
  comparisonsOf,
  isComplete,
  isDateLiteral,
  isLogicValid,
  toCondition,
  toFilter,
  type Condition,
} from './filters'

describe('filters', () => {
  it.each<[Condition, Filter]>([
    [
      { field: 'Name', comparison: 'contains', value: '欧阳' },
      { field: 'Name', operator: 'LIKE', value: '%欧阳%' },
    ],
    [
      { field: 'Name', comparison: 'startsWith', value: 'Nord' },
      { field: 'Name', operator: 'LIKE', value: 'Nord%' },
    ],
    [
      { field: 'Name', comparison: 'contains', value: '50%_a' },
      { field: 'Name', operator: 'LIKE', value: '%50\\%\\_a%' },
    ],
    [
      { field: 'Phone', comparison: 'empty', value: null },
      { field: 'Phone', operator: '=', value: null },
    ],
    [
      { field: 'Phone', comparison: 'notEmpty', value: null },
      { field: 'Phone', operator: '!=', value: null },
    ],
    [
      { field: 'Budget', comparison: 'greaterOrEqual', value: 5 },
      { field: 'Budget', operator: '>=', value: 5 },
    ],
    [
      { field: 'Colours', comparison: 'includes', value: ['red'] },
      { field: 'Colours', operator: 'INCLUDES', value: ['red'] },
    ],
  ])('sends %o as %o and reads it back', (condition, filter) => {
    const type: FieldType =
      condition.field === 'Budget' ? 'number' : condition.field === 'Colours' ? 'multi_picklist' : 'text'
    expect(toFilter(condition)).toEqual(filter)
    expect(toCondition(filter, type)).toEqual(condition)
  })

  it('offers one value of a picklist as a choice of one, so that more can be added', () => {
    expect(toCondition({ field: 'Status', operator: '=', value: 'New' }, 'picklist')).toEqual({
      field: 'Status',
      comparison: 'oneOf',
      value: ['New'],
    })
  })

  it('keeps half-built conditions out of the request', () => {
    expect(isComplete({ field: '', comparison: 'equals', value: 'x' })).toBe(false)
    expect(isComplete({ field: 'A', comparison: 'oneOf', value: [] })).toBe(false)
    expect(isComplete({ field: 'A', comparison: 'equals', value: null })).toBe(false)
    expect(isComplete({ field: 'A', comparison: 'equals', value: false })).toBe(true)
    expect(isComplete({ field: 'A', comparison: 'empty', value: null })).toBe(true)
  })

  it.each([
    ['', 3, true],
    ['1 AND (2 OR 3)', 3, true],
    ['not 1 or 2', 2, true],
    ['1 AND 4', 3, false],
    ['(1 AND 2', 2, false],
    ['1 2', 2, false],
    ['AND 1', 1, false],
    ['1); DROP', 1, false],
  ])('judges the logic "%s" over %i conditions: %s', (logic, conditions, isValid) => {
    expect(isLogicValid(logic, conditions)).toBe(isValid)
  })

  it('tells date literals from dates', () => {
    expect(isDateLiteral('LAST_N_DAYS:30')).toBe(true)
    expect(isDateLiteral('TODAY')).toBe(true)
    expect(isDateLiteral('2026-11-22')).toBe(false)
  })

  it('compares every type in some way', () => {
    const types: FieldType[] = [
      'id',
      'text',
      'number',
      'date',
      'checkbox',
      'picklist',
      'multi_picklist',
      'lookup',
      'phone',
    ]
    for (const type of types) expect(comparisonsOf({ type }).length).toBeGreaterThan(0)
  })
})

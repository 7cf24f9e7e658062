// Filters as people build them ("contains", "is empty") and as the server takes them (LIKE, = null).
import type { FieldDescribe, FieldJson, FieldType, Filter, Operator } from '../api/types'

export const COMPARISONS = [
  'equals',
  'notEquals',
  'contains',
  'startsWith',
  'oneOf',
  'noneOf',
  'less',
  'lessOrEqual',
  'greater',
  'greaterOrEqual',
  'includes',
  'excludes',
  'empty',
  'notEmpty',
] as const

export type Comparison = (typeof COMPARISONS)[number]

export interface Condition {
  field: string
  comparison: Comparison
  value: FieldJson | FieldJson[]
}

const TEXT: Comparison[] = ['contains', 'startsWith', 'equals', 'notEquals', 'empty', 'notEmpty']
const ORDERED: Comparison[] = [
  'equals',
  'notEquals',
  'greater',
  'greaterOrEqual',
  'less',
  'lessOrEqual',
  'empty',
  'notEmpty',
]
const DATED: Comparison[] = ['greaterOrEqual', 'lessOrEqual', 'equals', 'greater', 'less', 'empty', 'notEmpty']

/** Of an encrypted value the server knows whether it is there, and whether it is the very same. */
const SAME: Comparison[] = ['equals', 'notEquals', 'empty', 'notEmpty']

/** The comparisons a field offers; the first is what a new condition starts with. */
export function comparisonsOf({ type, encrypted }: Pick<FieldDescribe, 'type' | 'encrypted'>): Comparison[] {
  if (encrypted) return SAME
  switch (type) {
    case 'picklist':
      return ['oneOf', 'noneOf', 'empty', 'notEmpty']
    case 'multi_picklist':
      return ['includes', 'excludes', 'empty', 'notEmpty']
    case 'checkbox':
      return ['equals']
    case 'number':
    case 'currency':
    case 'percent':
      return ORDERED
    case 'date':
    case 'datetime':
    case 'time':
      return DATED
    case 'lookup':
    case 'master_detail':
    case 'id':
      return SAME
    default:
      return TEXT
  }
}

export function takesMany(comparison: Comparison): boolean {
  return ['oneOf', 'noneOf', 'includes', 'excludes'].includes(comparison)
}

export function takesNone(comparison: Comparison): boolean {
  return comparison === 'empty' || comparison === 'notEmpty'
}

const PLAIN: Partial<Record<Comparison, Operator>> = {
  equals: '=',
  notEquals: '!=',
  less: '<',
  lessOrEqual: '<=',
  greater: '>',
  greaterOrEqual: '>=',
  oneOf: 'IN',
  noneOf: 'NOT IN',
  includes: 'INCLUDES',
  excludes: 'EXCLUDES',
}

/** What somebody typed is text, not a pattern: % and _ stand for themselves. */
function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, (character) => `\\${character}`)
}

function unescapeLike(text: string): string {
  return text.replace(/\\([\\%_])/g, '$1')
}

export function toFilter(condition: Condition): Filter {
  const { field, comparison, value } = condition
  if (comparison === 'empty') return { field, operator: '=', value: null }
  if (comparison === 'notEmpty') return { field, operator: '!=', value: null }
  if (comparison === 'contains') return { field, operator: 'LIKE', value: `%${escapeLike(String(value ?? ''))}%` }
  if (comparison === 'startsWith') return { field, operator: 'LIKE', value: `${escapeLike(String(value ?? ''))}%` }
  return { field, operator: PLAIN[comparison] ?? '=', value }
}

export function toCondition(filter: Filter, type: FieldType): Condition {
  const { field, operator, value } = filter
  if (value === null) return { field, comparison: operator === '!=' ? 'notEmpty' : 'empty', value: null }
  if (operator === 'LIKE') {
    const pattern = String(value)
    const starts = !pattern.startsWith('%')
    const text = unescapeLike(pattern.replace(/^%/, '').replace(/(^|[^\\])%$/, '$1'))
    return { field, comparison: starts ? 'startsWith' : 'contains', value: text }
  }
  // A picklist compared with one value is a choice of one, so that more can be added.
  if (type === 'picklist' && (operator === '=' || operator === '!=') && !Array.isArray(value)) {
    return { field, comparison: operator === '=' ? 'oneOf' : 'noneOf', value: [value] }
  }
  const found = Object.entries(PLAIN).find(([, candidate]) => candidate === operator)
  return { field, comparison: (found?.[0] as Comparison | undefined) ?? 'equals', value }
}

/** Half-built conditions are kept in the builder but not sent. */
export function isComplete(condition: Condition): boolean {
  if (condition.field === '') return false
  if (takesNone(condition.comparison)) return true
  if (Array.isArray(condition.value)) return condition.value.length > 0
  return condition.value !== null && condition.value !== undefined && condition.value !== ''
}

export const DATE_LITERALS = [
  'TODAY',
  'YESTERDAY',
  'TOMORROW',
  'THIS_WEEK',
  'LAST_WEEK',
  'NEXT_WEEK',
  'THIS_MONTH',
  'LAST_MONTH',
  'NEXT_MONTH',
  'THIS_QUARTER',
  'THIS_YEAR',
  'LAST_N_DAYS:7',
  'LAST_N_DAYS:30',
  'LAST_N_DAYS:90',
  'NEXT_N_DAYS:7',
  'NEXT_N_DAYS:30',
] as const

export type DateLiteral = (typeof DATE_LITERALS)[number]

export function isDateLiteral(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Z][A-Z_]*(:\d+)?$/.test(value)
}

/** "1 AND (2 OR 3)": only known numbers, AND, OR, NOT and balanced brackets. Empty means: all of them. */
export function isLogicValid(logic: string, conditions: number): boolean {
  const text = logic.trim()
  if (text === '') return true
  const tokens = text.toUpperCase().match(/\d+|AND|OR|NOT|\(|\)|\S+/g) ?? []
  let position = 0
  const peek = () => tokens[position]

  function expression(): boolean {
    if (!term()) return false
    while (peek() === 'AND' || peek() === 'OR') {
      position += 1
      if (!term()) return false
    }
    return true
  }

  function term(): boolean {
    const token = peek()
    position += 1
    if (token === 'NOT') return term()
    if (token === '(') {
      if (!expression() || peek() !== ')') return false
      position += 1
      return true
    }
    return token !== undefined && /^\d+$/.test(token) && Number(token) >= 1 && Number(token) <= conditions
  }

  return expression() && position === tokens.length
}

const NOT_COMPARABLE: ReadonlySet<FieldType> = new Set(['address', 'geolocation'])

export function filterableFields(fields: Record<string, FieldDescribe>): FieldDescribe[] {
  return Object.values(fields)
    .filter((field) => field.filterable && !NOT_COMPARABLE.has(field.type))
    .sort((one, other) => Number(other.indexed) - Number(one.indexed))
}

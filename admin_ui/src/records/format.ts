// Field values as people read them, in their language and time zone.
import type { FieldDescribe, FieldJson, FieldType, Language } from '../api/types'
import { tidyName } from './names'

export interface Reader {
  language: Language
  timeZone: string
  currency: string
  yes: string
  no: string
}

const locale = (language: Language) => (language === 'zh_CN' ? 'zh-CN' : 'en-US')

// Making a formatter costs far more than using it, and a list uses one a cell.
const formatters = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>()

function numberFormat(language: Language, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n${language}${JSON.stringify(options)}`
  const known = formatters.get(key)
  if (known instanceof Intl.NumberFormat) return known
  const made = new Intl.NumberFormat(locale(language), options)
  formatters.set(key, made)
  return made
}

function dateFormat(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `d${language}${JSON.stringify(options)}`
  const known = formatters.get(key)
  if (known instanceof Intl.DateTimeFormat) return known
  const made = new Intl.DateTimeFormat(locale(language), options)
  formatters.set(key, made)
  return made
}

export function formatNumber(value: number, language: Language, scale: number | null): string {
  return numberFormat(language, { maximumFractionDigits: scale ?? 10, minimumFractionDigits: 0 }).format(value)
}

export function formatCurrency(value: number, language: Language, currency: string, scale: number | null): string {
  const digits = scale ?? 2
  return numberFormat(language, {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value)
}

/** 0.35 reads 35%; the scale is that of the fraction, so two digits less are left. */
export function formatPercent(value: number, language: Language, scale: number | null): string {
  return numberFormat(language, { style: 'percent', maximumFractionDigits: Math.max(0, (scale ?? 4) - 2) }).format(
    value,
  )
}

/** A date is a day on the wall, no moment in time: it must not move with the time zone. */
export function formatDate(value: string, language: Language): string {
  const [year, month, day] = value.slice(0, 10).split('-')
  if (!year || !month || !day) return value
  if (language === 'zh_CN') return `${year}-${month}-${day}`
  const moment = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  return dateFormat(language, { year: 'numeric', month: 'short', day: 'numeric', timeZone: 'UTC' }).format(moment)
}

export function formatDateTime(value: string, language: Language, timeZone: string): string {
  const moment = new Date(value.replace(/\+0000$/, 'Z'))
  if (Number.isNaN(moment.getTime())) return value
  if (language !== 'zh_CN') {
    return dateFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(moment)
  }
  const parts = dateFormat(language, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
  }).formatToParts(moment)
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((each) => each.type === type)?.value ?? ''
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}`
}

export function formatTime(value: string): string {
  return /^\d{2}:\d{2}/.test(value) ? value.slice(0, 5) : value
}

/** How long numbers are read, as ITU-T E.123 writes them: China's mobiles 3, 4 and 4; North America's 3, 3 and 4. */
const PHONE_GROUPS = [
  { number: /^(?:\+?(86))?(1[\d*]{2})([\d*]{4})([\d*]{4})$/, between: ' ' },
  { number: /^\+(1)([\d*]{3})([\d*]{3})([\d*]{4})$/, between: '-' },
]

/** Masked numbers keep their stars; what is none of the known numbers stays as it was written. */
export function formatPhone(value: string): string {
  const compact = value.replace(/[\s-]/g, '')
  for (const { number, between } of PHONE_GROUPS) {
    const found = number.exec(compact)
    if (!found) continue
    const [, country, ...groups] = found
    return (country ? `+${country} ` : '') + groups.join(between)
  }
  return value
}

export function splitMultiple(value: FieldJson): string[] {
  return typeof value === 'string' && value !== '' ? value.split(';').map((item) => item.trim()) : []
}

export function labelOfValue(field: FieldDescribe, value: string): string {
  return field.values.find((candidate) => candidate.value === value)?.label ?? value
}

/** The plain text of a value: for cells, titles and messages. */
export function formatValue(
  field: Pick<FieldDescribe, 'type' | 'scale' | 'values'> & { components?: string[] },
  value: FieldJson,
  reader: Reader,
): string {
  if (value === null || value === undefined || value === '') return ''
  const number = typeof value === 'number' ? value : Number(value)
  switch (field.type) {
    case 'number':
      return Number.isNaN(number) ? String(value) : formatNumber(number, reader.language, field.scale)
    case 'currency':
      return Number.isNaN(number)
        ? String(value)
        : formatCurrency(number, reader.language, reader.currency, field.scale)
    case 'percent':
      return Number.isNaN(number) ? String(value) : formatPercent(number, reader.language, field.scale)
    case 'date':
      return formatDate(String(value), reader.language)
    case 'datetime':
      return formatDateTime(String(value), reader.language, reader.timeZone)
    case 'time':
      return formatTime(String(value))
    case 'checkbox':
      return value === true || value === 'true' ? reader.yes : reader.no
    case 'phone':
      return formatPhone(String(value))
    case 'picklist':
      return labelOfValue(field as FieldDescribe, String(value))
    case 'multi_picklist':
      return splitMultiple(value)
        .map((item) => labelOfValue(field as FieldDescribe, item))
        .join(reader.language === 'zh_CN' ? '、' : ', ')
    case 'text':
      return field.components && field.components.length > 0 ? tidyName(String(value)) : String(value)
    default:
      return String(value)
  }
}

const NUMERIC: ReadonlySet<FieldType> = new Set(['number', 'currency', 'percent'])

export function isNumeric(type: FieldType): boolean {
  return NUMERIC.has(type)
}

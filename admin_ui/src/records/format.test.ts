import { describe, expect, it } from 'vitest'
import { blankField } from './fields/blankField'
import { formatCompound } from './fields/formatCompound'
import { fromWallClock, toWallClock } from './fields/moments'
import { fromPercent, toPercent } from './fields/percent'
import {
  formatCurrency,
  formatDate,
  formatDateTime,
  formatPercent,
  formatPhone,
  formatTime,
  formatValue,
  type Reader,
} from './format'

const reader: Reader = { language: 'zh_CN', timeZone: 'Asia/Shanghai', currency: 'CNY', yes: '是', no: '否' }

describe('values as people read them', () => {
  it.each([
    ['13800138000', '138 0013 8000'],
    ['138-0013-8000', '138 0013 8000'],
    ['+8613800138000', '+86 138 0013 8000'],
    ['138****8000', '138 **** 8000'],
    ['02158881234', '02158881234'],
    ['+14155550318', '+1 415-555-0318'],
    ['+1415****318', '+1 415-***-*318'],
    ['+49 30 1234567', '+49 30 1234567'],
  ])('groups the phone number %s as %s', (stored, shown) => {
    expect(formatPhone(stored)).toBe(shown)
  })

  it('writes money with the sign of the tenant currency in both languages', () => {
    expect(formatCurrency(1234.5, 'zh_CN', 'CNY', 2)).toBe('¥1,234.50')
    expect(formatCurrency(1234.5, 'en_US', 'CNY', 2)).toBe('¥1,234.50')
    expect(formatCurrency(1234, 'en_US', 'USD', 0)).toBe('$1,234')
  })

  it('reads a fraction as a percentage', () => {
    expect(formatPercent(0.35, 'en_US', 4)).toBe('35%')
    expect(formatPercent(0.0725, 'zh_CN', 4)).toBe('7.25%')
  })

  it('does not leave binary dust when a percentage is typed', () => {
    expect(toPercent(0.07)).toBe(7)
    expect(toPercent(0.57)).toBe(57)
    expect(fromPercent(57)).toBe(0.57)
    expect(fromPercent(12.5)).toBe(0.125)
  })

  it('keeps a date on its day whatever the time zone', () => {
    expect(formatDate('2026-11-22', 'zh_CN')).toBe('2026-11-22')
    expect(formatDate('2026-11-22', 'en_US')).toBe('Nov 22, 2026')
  })

  it('shows a moment in the zone of the user, not of the browser', () => {
    expect(formatDateTime('2026-11-22T16:30:00.000Z', 'zh_CN', 'Asia/Shanghai')).toBe('2026-11-23 00:30')
    expect(formatDateTime('2026-11-22T16:30:00.000+0000', 'zh_CN', 'UTC')).toBe('2026-11-22 16:30')
    expect(formatTime('09:30:00.000Z')).toBe('09:30')
  })

  it('brings a moment through the picker and back unchanged', () => {
    const stored = '2026-11-22T16:30:00.000Z'
    const shown = toWallClock(stored, 'Asia/Shanghai')
    expect(shown.format('YYYY-MM-DD HH:mm')).toBe('2026-11-23 00:30')
    expect(fromWallClock(shown, 'Asia/Shanghai')).toBe(stored)
  })

  it('joins several picklist values as the language does, by their labels', () => {
    const field = {
      ...blankField('Interests', 'Interests', 'multi_picklist'),
      values: [
        { value: 'SUV', label: '运动型', active: true, controlled_by: [] },
        { value: 'EV', label: '纯电动', active: true, controlled_by: [] },
      ],
    }
    expect(formatValue(field, 'SUV;EV', reader)).toBe('运动型、纯电动')
    expect(formatValue(field, 'SUV;Old', { ...reader, language: 'en_US' })).toBe('运动型, Old')
  })

  it('shows a value that is no number as it is rather than as NaN', () => {
    expect(formatValue(blankField('Amount', 'Amount', 'currency'), '***', reader)).toBe('***')
  })

  it('writes a Chinese address from the country inwards and an English one outwards', () => {
    const names = ['Street', 'District', 'City', 'State', 'PostalCode', 'Country']
    const parts = names.map((name) => blankField(name, name, 'text'))
    const field = { ...blankField('Address', 'Address', 'address'), components: names }
    const shanghai = {
      Street: '世纪大道100号',
      District: '浦东新区',
      City: '上海市',
      State: '上海市',
      PostalCode: '200120',
      Country: '中国',
    }
    expect(formatCompound(field, parts, shanghai, 'zh_CN')).toBe('中国上海市浦东新区世纪大道100号 200120')
    expect(formatCompound(field, parts, { Street: '1 Main St', City: 'Austin', Country: 'USA' }, 'zh_CN')).toBe(
      '1 Main St, Austin, USA',
    )
    expect(formatCompound(field, parts, {}, 'en_US')).toBe('')
  })
})

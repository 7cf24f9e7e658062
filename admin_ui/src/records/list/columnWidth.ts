// How wide a column begins, by what it holds.
import type { FieldType } from '../../api/types'

const WIDTHS: Partial<Record<FieldType, number>> = {
  checkbox: 84,
  date: 112,
  time: 84,
  datetime: 186,
  phone: 138,
  number: 96,
  currency: 132,
  percent: 96,
  picklist: 128,
  long_text: 260,
  rich_text: 260,
  email: 200,
  lookup: 150,
  master_detail: 150,
  id: 180,
  auto_number: 140,
}

export const columnWidth = (type: FieldType) => WIDTHS[type] ?? 150

const PADDING = 24
const BOLD_LETTER = 8
const BOLD_IDEOGRAPH = 15
const WIDEST_TITLE = 300

/** How wide the column of the records' names begins: as its longest name needs, within bounds. */
export function titleWidth(type: FieldType, names: string[]): number {
  const longest = Math.max(0, ...names.map(widthOfText))
  return Math.max(columnWidth(type), Math.min(WIDEST_TITLE, PADDING + longest))
}

const widthOfText = (text: string) =>
  [...text].reduce((sum, sign) => sum + (sign > '\u2e7f' ? BOLD_IDEOGRAPH : BOLD_LETTER), 0)

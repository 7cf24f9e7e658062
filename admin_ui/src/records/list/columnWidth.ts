// How wide a column is: by its type until its first rows can be measured, then by what they hold.
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

const PADDING = 24
const NARROWEST = 72
const WIDEST = 300
/** Up to here a text is a code, a name or a choice and is shown whole; longer ones share what is left. */
const SHORT = 190
const LEAST_OF_LONG = 150

/** In pixels: what a column never falls below, and its part of the room there is. */
export interface Track {
  least: number
  share: number
}

/** `content` is the widest of the column's texts, its header's too; 0 as long as none was measured. */
export function columnTrack(type: FieldType, content: number): Track {
  if (content === 0) {
    const usual = WIDTHS[type] ?? 150
    return { least: usual, share: usual }
  }
  const share = Math.max(NARROWEST, Math.min(WIDEST, content + PADDING))
  return { least: share <= SHORT ? share : LEAST_OF_LONG, share }
}

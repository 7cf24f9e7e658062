// The inputs that a flow's button asks for, as fields that a form can draw.
import type { FlowInput } from '../api/automation'
import type { FieldDescribe, FieldType } from '../api/types'
import { blankField } from '../records/fields/blankField'

const TYPES: Record<string, FieldType> = {
  number: 'number',
  boolean: 'checkbox',
  date: 'date',
  datetime: 'datetime',
  time: 'time',
}

export function inputField({ name, type, label }: FlowInput): FieldDescribe {
  return blankField(name, label ?? spaced(name), TYPES[type] ?? 'text')
}

/** "ReasonForReturn" reads "Reason for return". */
export function spaced(name: string): string {
  const words = name
    .replace(/__c$/, '')
    .replace(/_/g, ' ')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
  return words === '' ? name : words[0]?.toUpperCase() + words.slice(1)
}

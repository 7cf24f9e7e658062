// Which values a picklist offers: those of the record type, and those that the controlling field allows.
import type { FieldDescribe, ObjectDescribe, PicklistValue, RecordType, Values } from '../api/types'
import { splitMultiple } from './format'

export function offeredValues(field: FieldDescribe, values: Values, recordType: RecordType | null): PicklistValue[] {
  const ofRecordType = recordType?.picklists[field.name]
  const controlling = field.controlling_field === null ? null : String(values[field.controlling_field] ?? '')
  return field.values.filter(
    (candidate) =>
      candidate.active &&
      (ofRecordType === undefined || ofRecordType.includes(candidate.value)) &&
      (controlling === null || candidate.controlled_by.length === 0 || candidate.controlled_by.includes(controlling)),
  )
}

/** What is offered and what is already there: an inactive value that a record holds must not vanish from its form. */
export function offeredWithCurrent(
  field: FieldDescribe,
  values: Values,
  recordType: RecordType | null,
): PicklistValue[] {
  const offered = offeredValues(field, values, recordType)
  const missing = splitMultiple(values[field.name] ?? null).filter(
    (value) => !offered.some((candidate) => candidate.value === value),
  )
  const kept = missing.map(
    (value): PicklistValue =>
      field.values.find((candidate) => candidate.value === value) ?? {
        value,
        label: value,
        active: false,
        controlled_by: [],
      },
  )
  return [...offered, ...kept]
}

/** Sets a value and empties whatever depends on it and is no longer allowed, and what depends on that. */
export function changeValue(
  describe: ObjectDescribe,
  values: Values,
  name: string,
  value: Values[string],
  recordType: RecordType | null,
): Values {
  const changed: Values = { ...values, [name]: value }
  const dependents = Object.values(describe.fields).filter((field) => field.controlling_field === name)
  return dependents.reduce((result, field) => {
    const held = splitMultiple(result[field.name] ?? null)
    if (held.length === 0) return result
    const allowed = new Set(offeredValues(field, result, recordType).map((candidate) => candidate.value))
    const kept = held.filter((item) => allowed.has(item))
    if (kept.length === held.length) return result
    return changeValue(describe, result, field.name, kept.length === 0 ? null : kept.join(';'), recordType)
  }, changed)
}

export function defaultRecordType(describe: ObjectDescribe): RecordType | null {
  return describe.record_types.find((candidate) => candidate.default) ?? describe.record_types[0] ?? null
}

/** The server names a record's type by name or by id, depending on the route. */
export function findRecordType(describe: ObjectDescribe, reference: string | null | undefined): RecordType | null {
  if (!reference) return null
  return describe.record_types.find((candidate) => candidate.id === reference || candidate.name === reference) ?? null
}

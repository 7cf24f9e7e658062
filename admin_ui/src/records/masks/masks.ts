// What a record shows masked: to be read as it is, not to be edited, perhaps to be revealed.
import type { FieldDescribe, ListRecord, ObjectDescribe, RecordAnswer } from '../../api/types'
import { componentsOf } from '../form/formState'

export function isMaskedAt(record: Pick<ListRecord | RecordAnswer, 'masked'>, path: string): boolean {
  return record.masked?.includes(path) ?? false
}

/** The masked fields behind one that is shown: itself, or the parts of an address. */
export function maskedParts(record: RecordAnswer, describe: ObjectDescribe, field: FieldDescribe): FieldDescribe[] {
  return [field, ...componentsOf(describe, field)].filter((part) => isMaskedAt(record, part.name))
}

interface Shown {
  record: RecordAnswer
  describe: ObjectDescribe
}

/** What a mask left of a value must not be saved in its place: such a field is no field of the form. */
export function underMask({ record, describe }: Shown): Shown {
  if ((record.masked ?? []).length === 0) return { record, describe }
  const fields = Object.fromEntries(
    Object.entries(describe.fields).map(([name, field]) => [
      name,
      isMaskedAt(record, name) ? { ...field, updateable: false } : field,
    ]),
  )
  return { record, describe: { ...describe, fields } }
}

// What a field can be set to, where that is one of few values.
import type { FieldDescribe } from '../api/types'
import type { Reader } from '../records/format'

/** Null where anything may be written. */
export function choicesOf(field: FieldDescribe, { yes, no }: Pick<Reader, 'yes' | 'no'>) {
  if (field.type === 'checkbox') {
    return [
      { value: 'true', label: yes },
      { value: 'false', label: no },
    ]
  }
  if (field.type !== 'picklist') return null
  return field.values.filter((each) => each.active).map(({ value, label }) => ({ value, label }))
}

// The field that a column shows; a column whose object may not be described is known by its type alone.
import type { FieldDescribe, ListColumn, ObjectDescribe } from '../../api/types'
import { blankField } from '../fields/blankField'

export function fieldOfColumn(column: ListColumn, describe: ObjectDescribe | undefined): FieldDescribe {
  const known = describe?.fields[column.field]
  if (known !== undefined && describe?.name === column.object) return known
  return (
    (column.path.includes('.') ? undefined : describe?.fields[column.path]) ??
    blankField(column.field, column.label, column.type)
  )
}

// The field that a column shows; a column whose object may not be described is known by its type alone.
import type { FieldDescribe, ListColumn, ObjectDescribe } from '../../api/types'

export function fieldOfColumn(column: ListColumn, describe: ObjectDescribe | undefined): FieldDescribe {
  const known = describe?.fields[column.field]
  if (known !== undefined && describe?.name === column.object) return known
  return (
    (column.path.includes('.') ? undefined : describe?.fields[column.path]) ?? {
      name: column.field,
      label: column.label,
      type: column.type,
      help: null,
      required: false,
      createable: false,
      updateable: false,
      filterable: column.filterable,
      sortable: column.sortable,
      indexed: false,
      unique: false,
      external_id: false,
      length: null,
      precision: null,
      scale: null,
      default: null,
      format: null,
      values: [],
      restricted: false,
      controlling_field: null,
      references: [],
      relationship_name: null,
      classification: 'internal',
      tracked: false,
      system: false,
      custom: false,
      compound: null,
      components: [],
    }
  )
}

// Which column goes where, as the form has it and as the server takes it.
import type { ColumnTarget, FileColumn, Import, Mapping, Operation } from '../api/imports'
import type { FieldDescribe, ObjectDescribe } from '../api/types'

/** A column's place in the form. `by` is the field by which another record is found, "Lead:Email" where several objects may be meant. */
export interface ColumnDraft {
  field: string | null
  by: string | null
  values: Record<string, string>
  otherwise: string | null
}

export interface MappingDraft {
  columns: Record<string, ColumnDraft>
  constants: Record<string, string>
}

export const NOWHERE: ColumnDraft = { field: null, by: null, values: {}, otherwise: null }
export const RECORD_TYPE = 'RecordTypeId'
/** How a record type is named in a file. */
const RECORD_TYPE_TARGET = 'RecordType.DeveloperName'

/** The fields that a column may fill. */
export function importableFields(describe: ObjectDescribe, operation: Operation): FieldDescribe[] {
  const isTaken = (field: FieldDescribe) => {
    if (field.name === 'Id') return operation !== 'insert'
    if (operation === 'insert') return field.createable
    return operation === 'update' ? field.updateable : field.createable || field.updateable
  }
  return Object.values(describe.fields)
    .filter((field) => isTaken(field) && field.components.length === 0)
    .toSorted((one, other) => one.label.localeCompare(other.label))
}

/** Fields by which records can be found. */
export function keyFields(describe: ObjectDescribe | undefined): FieldDescribe[] {
  return Object.values(describe?.fields ?? {}).filter((field) => field.external_id || field.unique)
}

export const isReference = (field: FieldDescribe | undefined) =>
  field !== undefined && field.references.length > 0 && field.relationship_name !== null

/** What people write in place of a picklist's value: its label. */
export function labelledValues(field: FieldDescribe | undefined): Record<string, string> {
  if (field?.type !== 'picklist') return {}
  return Object.fromEntries(
    field.values.filter((each) => each.active && each.label !== each.value).map((each) => [each.label, each.value]),
  )
}

export function targeted(field: FieldDescribe | undefined): ColumnDraft {
  return { ...NOWHERE, field: field?.name ?? null, values: labelledValues(field) }
}

/** The server's guesses, and what the file's way of writing makes plain. */
export function suggestedDraft(describe: ObjectDescribe, operation: Operation, columns: FileColumn[]): MappingDraft {
  const allowed = new Map(importableFields(describe, operation).map((field) => [field.name, field]))
  const isId = (name: string) => operation !== 'insert' && name.trim().toLowerCase() === 'id'
  const guess = (column: FileColumn) => allowed.get(isId(column.name) ? 'Id' : (column.suggestion ?? ''))
  return { columns: Object.fromEntries(columns.map((each) => [each.name, targeted(guess(each))])), constants: {} }
}

export function draftOf(describe: ObjectDescribe, mapping: Mapping, columns: FileColumn[]): MappingDraft {
  const byRelation = new Map(
    Object.values(describe.fields).map((field) => [field.relationship_name?.toLowerCase(), field.name]),
  )
  const read = (target: ColumnTarget | undefined): ColumnDraft => {
    if (target === undefined) return NOWHERE
    const { field: path, values = {}, otherwise = null } = typeof target === 'string' ? { field: target } : target
    if (path === RECORD_TYPE_TARGET) return { ...NOWHERE, field: RECORD_TYPE, values, otherwise }
    const [, object, relation, key] = /^(?:(\w+):)?(\w+)\.(\w+)$/.exec(path) ?? []
    if (relation === undefined || key === undefined) return { field: path, by: null, values, otherwise }
    const by = object === undefined ? key : `${object}:${key}`
    return { field: byRelation.get(relation.toLowerCase()) ?? null, by, values, otherwise }
  }
  return {
    columns: Object.fromEntries(columns.map((each) => [each.name, read(mapping.columns[each.name])])),
    constants: Object.fromEntries(
      Object.entries(mapping.constants).map(([path, value]) => [path === RECORD_TYPE_TARGET ? RECORD_TYPE : path, value]),
    ),
  }
}

export function mappingOf(describe: ObjectDescribe, draft: MappingDraft): Mapping {
  const columns: Record<string, ColumnTarget> = {}
  for (const [name, { field, by, values, otherwise }] of Object.entries(draft.columns)) {
    if (field === null) continue
    const path = pathOf(describe.fields[field], field, by)
    const isPlain = Object.keys(values).length === 0
    columns[name] = isPlain ? path : { field: path, values, ...(otherwise === null ? {} : { otherwise }) }
  }
  const constants = Object.entries(draft.constants).filter(([, value]) => value !== '')
  return { columns, constants: Object.fromEntries(constants.map(([name, value]) => [pathOf(undefined, name, null), value])) }
}

function pathOf(field: FieldDescribe | undefined, name: string, by: string | null): string {
  if (name === RECORD_TYPE) return RECORD_TYPE_TARGET
  if (by === null || !field?.relationship_name) return name
  const [object, key] = by.includes(':') ? by.split(':') : [null, by]
  return `${object === null ? '' : `${object}:`}${field.relationship_name}.${key}`
}

/** Fields that must have a value, and have none by the file, by a constant or by themselves. */
export function missingFields(describe: ObjectDescribe, job: Import, draft: MappingDraft): FieldDescribe[] {
  const given = new Set([
    ...Object.values(draft.columns).map((each) => each.field),
    ...Object.keys(draft.constants),
  ])
  const isNeeded = (field: FieldDescribe) => {
    if (job.operation === 'update') return field.name === 'Id'
    if (job.operation === 'upsert' && field.name === job.externalIdFieldName) return true
    return field.required && field.createable && field.type !== 'checkbox' && field.default === null && !field.default_formula
  }
  return Object.values(describe.fields).filter((field) => isNeeded(field) && !given.has(field.name))
}

/** Fields that two columns, or a column and a constant, would fill. */
export function repeatedFields(draft: MappingDraft): string[] {
  const all = [...Object.values(draft.columns).map((each) => each.field), ...Object.keys(draft.constants)]
  return [...new Set(all.filter((field, place) => field !== null && all.indexOf(field) !== place))] as string[]
}

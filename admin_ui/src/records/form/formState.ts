// What a form holds and what it sends: only what was changed, and errors by the field they belong to.
import type {
  FieldDescribe,
  FieldJson,
  Language,
  Layout,
  ObjectDescribe,
  Problem,
  RecordType,
  Section,
  Values,
} from '../../api/types'
import { offeredValues } from '../picklists'
import { OWNER, RECORD_TYPE } from '../systemFields'

/** The parts of a compound field (a person's name, an address, a location), in the order in which they are given. */
export function componentsOf(describe: ObjectDescribe, field: FieldDescribe): FieldDescribe[] {
  if (field.components.length > 0) {
    return field.components.map((name) => describe.fields[name]).filter((part) => part !== undefined)
  }
  return Object.values(describe.fields).filter((part) => part.compound === field.name)
}

/** The parts in the order in which they are asked: a Chinese address goes from the country inwards, the postal code last. */
export function askedComponents(describe: ObjectDescribe, field: FieldDescribe, language: Language): FieldDescribe[] {
  const parts = componentsOf(describe, field)
  if (field.type !== 'address' || language !== 'zh_CN') return parts
  const isPostal = (part: FieldDescribe) => part.name.endsWith('PostalCode')
  return [...parts.filter((part) => !isPostal(part)).reverse(), ...parts.filter(isPostal)]
}

export function initialValues(describe: ObjectDescribe, recordType: RecordType | null, prefilled: Values): Values {
  const values: Values = {}
  for (const field of Object.values(describe.fields)) {
    if (!field.createable) continue
    const value = field.default ?? field.values.find((candidate) => candidate.default)?.value ?? null
    if (value !== null) values[field.name] = value
  }
  // A default that the record type does not offer would be refused at once.
  for (const field of Object.values(describe.fields)) {
    const value = values[field.name]
    if (typeof value !== 'string' || field.type !== 'picklist') continue
    if (!offeredValues(field, values, recordType).some((candidate) => candidate.value === value))
      values[field.name] = null
  }
  return { ...values, ...prefilled }
}

const isBlank = (value: FieldJson | undefined) => value === null || value === undefined || value === ''

export function isSame(one: FieldJson | undefined, other: FieldJson | undefined): boolean {
  return one === other || (isBlank(one) && isBlank(other))
}

export function changedValues(before: Values, now: Values): Values {
  return Object.fromEntries(
    Object.entries(now)
      .filter(([name, value]) => !isSame(before[name], value))
      .map(([name, value]) => [name, value === '' ? null : value]),
  )
}

/** What a new record sends: everything that has a value. */
export function filledValues(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !isBlank(value)))
}

export function layoutFor(describe: ObjectDescribe, recordType: RecordType | null): Layout | null {
  const general = (layout: Layout) => !layout.record_types || layout.record_types.length === 0
  return (
    describe.layouts.find((layout) => recordType !== null && layout.record_types?.includes(recordType.name)) ??
    describe.layouts.find(general) ??
    describe.layouts[0] ??
    null
  )
}

export interface SectionTexts {
  details: string
  other: string
  system: string
}

/** The layout's sections; without a layout, every field there is, so that a new object can be used at once. */
export function detailSections(
  describe: ObjectDescribe,
  recordType: RecordType | null,
  texts: SectionTexts,
): Section[] {
  const layout = layoutFor(describe, recordType)
  const own = Object.values(describe.fields).filter((field) => !field.system && field.compound === null)
  if (layout === null) {
    const rest = own
      .filter((field) => field.name !== describe.name_field && field.type !== 'id')
      .map((field) => field.name)
    return [
      {
        label: texts.details,
        columns: 2,
        fields: [describe.name_field, ...rest, ...(describe.has_owner ? [OWNER] : [])],
      },
      {
        label: texts.system,
        columns: 2,
        fields: ['CreatedById', 'CreatedDate', 'LastModifiedById', 'LastModifiedDate'],
      },
    ].map((section) => ({ ...section, fields: section.fields.filter((name) => name in describe.fields) }))
  }
  // What a tenant adds to a packaged object is on no layout yet, and must still be seen.
  const placed = new Set(layout.sections.flatMap((section) => section.fields))
  const added = own.filter((field) => field.custom && !placed.has(field.name)).map((field) => field.name)
  const sections = layout.sections
    .map((section) => ({ ...section, fields: section.fields.filter((name) => name in describe.fields) }))
    .filter((section) => section.fields.length > 0)
  return added.length === 0 ? sections : [...sections, { label: texts.other, columns: 2, fields: added }]
}

/** What a form asks for: the sections, without what cannot be written, with whatever is required and on none of them. */
export function formSections(
  describe: ObjectDescribe,
  recordType: RecordType | null,
  mode: 'create' | 'edit',
  texts: SectionTexts,
): Section[] {
  const writable = (field: FieldDescribe) => (mode === 'create' ? field.createable : field.updateable)
  const isAsked = (field: FieldDescribe) => writable(field) || componentsOf(describe, field).some(writable)
  const sections = detailSections(describe, recordType, texts)
    .map((section) => ({
      ...section,
      fields: section.fields.filter((name) => {
        const field = describe.fields[name]
        // A new record's type is chosen before its form is shown.
        if (name === RECORD_TYPE && mode === 'create') return false
        return field !== undefined && isAsked(field)
      }),
    }))
    .filter((section) => section.fields.length > 0)
  const asked = new Set(sections.flatMap((section) => section.fields))
  const missing = Object.values(describe.fields)
    .filter((field) => mode === 'create' && field.required && writable(field) && field.type !== 'checkbox')
    .filter((field) => !asked.has(field.name) && !(field.compound !== null && asked.has(field.compound)))
    .filter((field) => field.name !== OWNER && field.name !== RECORD_TYPE && field.default === null)
    .map((field) => field.name)
  return missing.length === 0 ? sections : [{ label: texts.other, columns: 2, fields: missing }, ...sections]
}

export interface FormErrors {
  byField: Record<string, string[]>
  general: string[]
}

export const NO_ERRORS: FormErrors = { byField: {}, general: [] }

/** Errors of fields that the form shows stand beside them; all others stand above the form, with their field's label. */
export function placeProblems(describe: ObjectDescribe, problems: Problem[], shown: ReadonlySet<string>): FormErrors {
  const byField: Record<string, string[]> = {}
  const general: string[] = []
  for (const problem of problems) {
    const fields = problem.fields ?? []
    const placed = fields.filter((name) => shown.has(name))
    for (const name of placed) (byField[name] ??= []).push(problem.message)
    if (placed.length > 0) continue
    const labels = fields.map((name) => describe.fields[name]?.label ?? name)
    general.push(labels.length > 0 ? `${labels.join(', ')}: ${problem.message}` : problem.message)
  }
  return { byField, general }
}

export function missingRequired(
  describe: ObjectDescribe,
  shown: ReadonlySet<string>,
  values: Values,
  message: string,
): FormErrors {
  const byField: Record<string, string[]> = {}
  for (const name of shown) {
    const field = describe.fields[name]
    // System fields that are left empty (the owner, say) are filled by the server, others by their formula.
    if (!field?.required || field.system || field.default_formula || field.type === 'checkbox' || field.components.length > 0) continue
    if (isBlank(values[name])) byField[name] = [message]
  }
  return { byField, general: [] }
}

export function hasErrors(errors: FormErrors): boolean {
  return errors.general.length > 0 || Object.keys(errors.byField).length > 0
}

export interface Conflict {
  field: string
  mine: FieldJson
  theirs: FieldJson
}

/** Where somebody else's saved change meets mine. What only they changed is no conflict: theirs stays. */
export function findConflicts(base: Values, mine: Values, theirs: Values): Conflict[] {
  return Object.entries(changedValues(base, mine))
    .filter(([name, value]) => !isSame(base[name], theirs[name]) && !isSame(value, theirs[name]))
    .map(([name, value]) => ({ field: name, mine: value ?? null, theirs: theirs[name] ?? null }))
}

// Which settings a field of each type has, and what of a form is sent for it.
import type { FieldDescribe, FieldDraft, FieldType } from '../api/types'

/** The types that can be made, in the order in which they are offered. */
export const MAKEABLE: FieldType[] = [
  'text',
  'long_text',
  'rich_text',
  'number',
  'currency',
  'percent',
  'date',
  'datetime',
  'time',
  'checkbox',
  'picklist',
  'multi_picklist',
  'email',
  'phone',
  'url',
  'auto_number',
  'lookup',
  'master_detail',
  'address',
  'geolocation',
]

export interface TypeSettings {
  length: boolean
  number: boolean
  format: boolean
  values: boolean
  references: 'one' | 'many' | null
  onDelete: boolean
  required: boolean
  unique: boolean
  indexed: boolean
  tracked: boolean
  encrypted: boolean
  default: boolean
}

const UNIQUE: ReadonlySet<FieldType> = new Set(['text', 'email', 'phone', 'number'])
const COMPOUND: ReadonlySet<FieldType> = new Set(['address', 'geolocation'])
const LONG: ReadonlySet<FieldType> = new Set(['long_text', 'rich_text'])
const ENCRYPTABLE: ReadonlySet<FieldType> = new Set(['text', 'long_text', 'rich_text', 'email', 'phone', 'url'])
const WITH_DEFAULT: ReadonlySet<FieldType> = new Set([
  'text',
  'number',
  'currency',
  'percent',
  'checkbox',
  'picklist',
  'email',
  'phone',
  'url',
])

export function settingsOf(type: FieldType): TypeSettings {
  const isPlain = !COMPOUND.has(type) && !LONG.has(type)
  return {
    length: type === 'text' || LONG.has(type),
    number: type === 'number' || type === 'currency' || type === 'percent',
    format: type === 'auto_number',
    values: type === 'picklist' || type === 'multi_picklist',
    references: type === 'lookup' ? 'many' : type === 'master_detail' ? 'one' : null,
    onDelete: type === 'lookup',
    required: !COMPOUND.has(type) && !['checkbox', 'auto_number', 'master_detail'].includes(type),
    unique: UNIQUE.has(type),
    indexed: isPlain && type !== 'multi_picklist',
    tracked: !COMPOUND.has(type) && type !== 'auto_number',
    encrypted: ENCRYPTABLE.has(type),
    default: WITH_DEFAULT.has(type),
  }
}

export const DEFAULT_LENGTH: Partial<Record<FieldType, number>> = { text: 255, long_text: 32768, rich_text: 32768 }
export const DEFAULT_DIGITS: Partial<Record<FieldType, { precision: number; scale: number }>> = {
  number: { precision: 18, scale: 0 },
  currency: { precision: 18, scale: 2 },
  percent: { precision: 9, scale: 4 },
}

export interface ValueRow {
  value: string
  label: string
  active: boolean
  controlled_by: string[]
}

/** The form's values: everything that some type may need. */
export interface FieldFormValues {
  type: FieldType
  label: string
  name: string
  help: string
  length: number | null
  precision: number | null
  scale: number | null
  format: string
  values: ValueRow[]
  restricted: boolean
  controlling_field: string | null
  references: string[]
  child_label: string
  on_delete: string
  required: boolean
  unique: boolean
  external_id: boolean
  indexed: boolean
  tracked: boolean
  encrypted: boolean
  default: string | number | boolean | null
  classification: string
  grant_to: string[]
}

export function formValues(field?: FieldDescribe): FieldFormValues {
  const type = field?.type ?? 'text'
  return {
    type,
    label: field?.label ?? '',
    name: field?.name ?? '',
    help: field?.help ?? '',
    length: field?.length ?? DEFAULT_LENGTH[type] ?? null,
    precision: field?.precision ?? DEFAULT_DIGITS[type]?.precision ?? null,
    scale: field?.scale ?? DEFAULT_DIGITS[type]?.scale ?? null,
    format: field?.format ?? '{00000}',
    values:
      field?.values.map(({ value, label, active, controlled_by }) => ({ value, label, active, controlled_by })) ?? [],
    restricted: field?.restricted ?? true,
    controlling_field: field?.controlling_field ?? null,
    references: field?.references ?? [],
    child_label: '',
    on_delete: 'clear',
    required: field?.required ?? false,
    unique: field?.unique ?? false,
    external_id: field?.external_id ?? false,
    indexed: field?.indexed ?? false,
    tracked: field?.tracked ?? false,
    encrypted: field?.encrypted ?? false,
    default: field?.default ?? null,
    classification: field?.classification ?? 'internal',
    grant_to: [],
  }
}

/** Only the keys that the type has: the server refuses keys that mean nothing. */
export function toFieldDraft(form: FieldFormValues): FieldDraft {
  const settings = settingsOf(form.type)
  const draft: FieldDraft = { name: form.name.trim(), label: form.label.trim(), type: form.type }
  if (form.help.trim() !== '') draft.help = form.help.trim()
  if (settings.length && form.length !== null) draft.length = form.length
  if (settings.number && form.precision !== null) draft.precision = form.precision
  if (settings.number && form.scale !== null) draft.scale = form.scale
  if (settings.format) draft.format = form.format
  if (settings.values) {
    draft.values = form.values
      .filter((row) => row.value.trim() !== '' || row.label.trim() !== '')
      .map((row) => ({
        value: row.value.trim() || row.label.trim(),
        label: row.label.trim() || row.value.trim(),
        ...(row.active ? {} : { active: false }),
        ...(form.controlling_field !== null && row.controlled_by.length > 0
          ? { controlled_by: row.controlled_by }
          : {}),
      }))
    draft.restricted = form.restricted
    if (form.controlling_field !== null) draft.controlling_field = form.controlling_field
  }
  if (settings.references !== null) {
    const [only] = form.references
    draft.references = form.references.length === 1 && only !== undefined ? only : form.references
    if (form.child_label.trim() !== '') draft.child_label = form.child_label.trim()
  }
  if (settings.onDelete) draft.on_delete = form.on_delete
  for (const flag of ['required', 'unique', 'indexed', 'tracked', 'encrypted'] as const) {
    if (settings[flag] && form[flag]) draft[flag] = true
  }
  if (settings.unique && form.external_id) draft.external_id = true
  if (settings.default && !form.encrypted && form.default !== null && form.default !== '') draft.default = form.default
  if (form.classification !== 'internal') draft.classification = form.classification
  if (form.grant_to.length > 0) draft.grant_to = form.grant_to
  return draft
}

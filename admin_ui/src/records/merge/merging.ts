// What a merge shows and sends: which value of which record stays, and what the user chose otherwise.
import type { MergeDraft, MergeField, MergePreview } from '../../api/merging'
import type { FieldJson, ListRecord, ObjectDescribe } from '../../api/types'

/** So many records are merged at once at most, as on the server. */
export const MOST_MERGED = 3

export type Choices = Readonly<Record<string, string>>

const PLATFORM = 'platform'

/** Whether the user could merge records of the object at all; which ones is the server's to say. */
export function mayMerge(describe: ObjectDescribe): boolean {
  return describe.permissions.update && describe.permissions.delete && describe.package !== PLATFORM
}

export const mergeAddress = (ids: readonly string[]) => `/merge?ids=${ids.join(',')}`

export function idsOf(search: URLSearchParams): string[] {
  const ids = (search.get('ids') ?? '').split(',').filter((id) => id !== '')
  return [...new Set(ids)].slice(0, MOST_MERGED)
}

const isBlank = (value: FieldJson | undefined) => value === null || value === undefined || value === ''

/** Fields that say something in any of the records; where asked, only those in which they differ. */
export function shownFields(preview: MergePreview, onlyDifferent: boolean): MergeField[] {
  return preview.fields.filter(
    (field) =>
      field.name !== 'Name' &&
      (field.differs || !onlyDifferent) &&
      preview.records.some((record) => !isBlank(record.values[field.name])),
  )
}

export const sourceOf = (field: MergeField, choices: Choices) =>
  field.canChoose ? (choices[field.name] ?? field.source) : field.source

/** What is sent: only what the user chose otherwise than the server would. */
export function mergeDraft(preview: MergePreview, choices: Choices, reason: string): MergeDraft {
  const chosen = preview.fields.filter((field) => sourceOf(field, choices) !== field.source)
  const [master, ...others] = preview.records
  return {
    masterId: preview.masterId,
    ids: others.map((record) => record.id),
    sources: Object.fromEntries(chosen.map((field) => [field.name, sourceOf(field, choices)])),
    values: {},
    version: master?.version ?? null,
    reason: reason.trim() === '' ? null : reason.trim(),
  }
}

export const nameOf = (record: ListRecord) => String(record.values.Name ?? record.id)

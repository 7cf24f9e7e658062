// The routes of duplicates and of merging, typed.
import { call } from './client'
import type { DuplicateResult, FieldJson, ListRecord } from './types'

export interface MergeField {
  name: string
  label: string
  differs: boolean
  /** The record whose value would stay. */
  source: string
  /** False: a rule decides, or the user may not edit the field. */
  canChoose: boolean
}

export interface MergePreview {
  object: string
  masterId: string
  /** The one that stays comes first. */
  records: ListRecord[]
  fields: MergeField[]
  related: { object: string; field: string; label: string; count: number }[]
}

export interface MergeDraft {
  masterId: string
  ids: string[]
  sources: Record<string, string>
  values: Record<string, FieldJson>
  version: number | null
  reason: string | null
}

export const previewMerge = (ids: string[], masterId: string | null) =>
  call<MergePreview>('POST', '/ui/merge/preview', { body: { ids, masterId } })
export const mergeRecords = (draft: MergeDraft) =>
  call<{ id: string; merged: string[]; moved: number }>('POST', '/ui/merge', { body: draft })
export const duplicatesOf = (id: string) =>
  call<{ duplicates: DuplicateResult[] }>('GET', `/ui/records/${encodeURIComponent(id)}/duplicates`)

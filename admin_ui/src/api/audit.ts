// The auditors' doors: one line of time, who saw what, evidence, how long journals are kept, where they are sent.
import { call } from './client'

export type LineKind = 'read' | 'change' | 'sign_in' | 'setup'

export interface TimelineLine {
  id: string
  at: string
  kind: LineKind
  journal: string
  user_id: string | null
  user: string | null
  acting_user: string | null
  action: string | null
  object?: string | null
  fields?: string[] | null
  records?: string[] | null
  count?: number | null
  section?: string | null
  target?: string | null
  display?: string | null
  username?: string | null
  from?: string | null
  client?: string | null
  reason?: string | null
  seal: number | null
}

export interface TimelineFilter {
  user: string | null
  record: string | null
  from: string | null
  to: string | null
  kind: string | null
}

export interface Reader {
  user_id: string | null
  user: string | null
  times: number
  first: string
  last: string
  doors: string[]
  fields: string[] | null
}

export interface Seen {
  object: string
  times: number
  records: number | null
  first: string
  last: string
}

export interface Archive {
  id: string
  request: Record<string, unknown>
  requested_by: string
  created_at: string
  status: 'queued' | 'running' | 'ready' | 'expired'
  done: number
  size: number | null
  digest: string | null
}

export interface Hold {
  id: string
  scope: 'all' | 'user' | 'record'
  subject: string | null
  reason: string
  placed_at: string
  released_at: string | null
}

export interface Period {
  journal: string
  months: number | null
  floor: number
}

export interface JournalExport {
  id: string
  kind: 'syslog' | 'storage'
  label: string
  target: { url: string }
  sent: number
  last_sent_at: string | null
  last_error: string | null
}

export type ExportDraft = Partial<Record<'kind' | 'label' | 'url' | 'region' | 'access_key' | 'secret', string>>

const enc = encodeURIComponent

export const timeline = (filter: TimelineFilter, after: string | null) =>
  call<{ lines: TimelineLine[]; next: [string, string] | null }>('GET', '/audit/timeline', {
    query: { ...filter, after },
  })
export const readersOf = (record: string, from: string | null, to: string | null) =>
  call<{ lines: Reader[] }>('GET', '/audit/summary', { query: { record, from, to } })
export const seenBy = (user: string, from: string | null, to: string | null) =>
  call<{ lines: Seen[]; next: string | null }>('GET', '/audit/summary', { query: { user, from, to } })

export const archives = () => call<{ archives: Archive[] }>('GET', '/audit/archives')
export const takeEvidence = (filter: Record<string, string>) =>
  call<{ id: string }>('POST', '/audit/archives', { body: filter })
export const archiveAddress = (id: string) => `/audit/archives/${enc(id)}/content`

export const retention = () => call<{ journals: Period[]; holds: Hold[] }>('GET', '/setup/retention')
export const keepFor = (journal: string, months: number | null) =>
  call<void>('PUT', `/setup/retention/${enc(journal)}`, { body: { months } })
export const placeHold = (hold: { scope: string; subject: string | null; reason: string }) =>
  call<{ id: string }>('POST', '/setup/retention/holds', { body: hold })
export const releaseHold = (id: string) => call<void>('DELETE', `/setup/retention/holds/${enc(id)}`)

export const journalExports = () => call<{ exports: JournalExport[] }>('GET', '/setup/journal-exports')
export const addJournalExport = (draft: ExportDraft) =>
  call<{ id: string }>('POST', '/setup/journal-exports', { body: draft })
export const removeJournalExport = (id: string) => call<void>('DELETE', `/setup/journal-exports/${enc(id)}`)

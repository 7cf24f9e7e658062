// The routes of those who answer for people's data: finding a person, handing over, erasing, retention, consent.
import { call } from './client'

const enc = encodeURIComponent

export interface FoundPerson {
  id: string
  object: string
  label: string
  name: string
}

export interface PlanLine {
  action: 'anonymise' | 'delete' | 'keep'
  records: number
  held?: number
  held_because?: string
  reason?: string | null
  until?: string | null
}

/** Texts of the person's records in which the person is named, and which no declaration covers. */
export interface Mentions {
  object: string
  field: string
  records: string[]
}

export interface PrivacyPreview {
  subjects: string[]
  objects: Record<string, PlanLine>
  mentions: Mentions[]
  legal_holds: { scope: string; record: string | null; reason: string }[]
  /** Other records that may be the same person. */
  alike: string[]
}

export type ActKind = 'export' | 'erasure' | 'retention'
export type ActStatus = 'waiting' | 'queued' | 'running' | 'done' | 'failed' | 'refused' | 'expired'

export interface ActResult {
  planned?: Record<string, PlanLine>
  mentions?: Mentions[]
  with_mentions?: boolean
  emptied?: Mentions[]
  objects?: Record<string, PlanLine | number>
  removed?: Record<string, number>
  rules?: Record<string, RetentionFigures>
  error?: string
}

export interface PrivacyAct {
  id: string
  kind: ActKind
  subjects: string[]
  request_id: string | null
  reason: string | null
  language: string | null
  requested_by: string
  requested_at: string
  decided_by: string | null
  decided_at: string | null
  ended_at: string | null
  status: ActStatus
  result: ActResult | null
  size: number | null
  digest: string | null
}

export interface RetentionFigures {
  object: string
  action: 'anonymise' | 'delete'
  records: number
  held: number
  dry_run: boolean
}

export interface RetentionRule extends RetentionFigures {
  label: string
  object_label: string
  age_label: string
  months: number
}

export interface ConsentModel {
  name: string
  label: string
  object: string
  figures: { purpose: string | null; channel: string | null; agreed: number; others: number }[]
  restriction: { object: string; person: string; values: Record<string, string | number | boolean>; people: number } | null
}

export interface Wish {
  subjects: string[]
  reason: string | null
  request: string | null
  language?: string
  with_mentions?: boolean
}

const act = (id: string) => `/privacy/acts/${enc(id)}`

export const findPeople = (knownAs: string) =>
  call<{ people: FoundPerson[] }>('POST', '/privacy/people', { body: { known_as: knownAs } })
export const namePeople = (records: string[]) =>
  call<{ people: FoundPerson[] }>('POST', '/privacy/people', { body: { records } })
export const previewErasure = (subjects: string[]) =>
  call<PrivacyPreview>('POST', '/privacy/preview', { body: { subjects } })
export const askForExport = (wish: Wish) => call<{ id: string }>('POST', '/privacy/exports', { body: wish })
export const askForErasure = (wish: Wish) => call<{ id: string }>('POST', '/privacy/erasures', { body: wish })
export const privacyActs = () =>
  call<{ acts: PrivacyAct[]; users: Record<string, string> }>('GET', '/privacy/acts')
export const decideAct = (id: string, decision: 'approve' | 'refuse') =>
  call<PrivacyAct>('POST', `${act(id)}/${decision}`, { body: {} })
export const personArchive = (id: string) => `${act(id)}/content`
export const retentionRules = () => call<{ rules: Record<string, RetentionRule> }>('GET', '/privacy/retention')
export const consentModels = () => call<{ models: ConsentModel[] }>('GET', '/privacy/consents')
